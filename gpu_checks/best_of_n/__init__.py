"""Best-of-n on scored answers of a real policy: what came out, beside what the theory foretold.

Answers with a proxy and a gold score (:mod:`.answers`) give the curves of both under the best of n
without bias, and the KL it costs (:mod:`.outcome`). The predictions are made from the same answers
without looking at large n (:mod:`.predictions`); :mod:`.result` holds the two against each other.
"""

from gpu_checks.best_of_n.answers import ScoredAnswers, read_answers
from gpu_checks.best_of_n.result import BestOfN, best_of_answers

__all__ = ["BestOfN", "ScoredAnswers", "best_of_answers", "read_answers"]
