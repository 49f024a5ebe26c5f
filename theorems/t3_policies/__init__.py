from theorems.t3_policies import environment, errata, fixed_start, long_answers

CLAIMS = (*long_answers.CLAIMS, *fixed_start.CLAIMS, *environment.CLAIMS, *errata.CLAIMS)
