"""Theorem 3: policies realise reweightings, where the start state is fixed.

**Statement.** Let an MDP have one start state, deterministic transitions, a return that depends on
the final state, and a base policy that ends almost surely. If the return is heavy-tailed under the
base policy, then for every M and every eps > 0 there is a policy with mean return above M whose
trajectory law is at a KL divergence below eps. Precisely: every weight w on the return with mean 1
is realised by the policy ``pi0(a|s) h(s')/h(s)``, ``h(s) = E[w | s]``, at the price ``E w log w``.

**In print.** Theorem 3 of the paper (Theorem 2 in the earlier blog version), for MDPs whose start
state may be random.

**Verdict.** False as printed: a policy does not choose the start state. With one start state it is
true. With several, as with prompts, each prompt's own tail decides: the quenched criterion.

**The idea.** Doob's h-transform. Along a trajectory the quotients ``h(s')/h(s)`` telescope to the
weight; the KL divergence is the sum of what is spent at the states on the way.

**Where we differ.** (a) Random start states: counterexamples, and what is true. (b) The printed
product of probabilities omits the law of the start state. (c) KL is a sum along the trajectory, not
an average over states. (d) The steps are the Markov property, and need a base policy that ends.
(e) Corollary 1 needs the proxy U to be heavy.

From top to bottom: :mod:`.symbols`, :mod:`.fixed_start` (the h-transform and the chain rule),
:mod:`.long_answers` (Theorem 1 transfers; a heavy instance), :mod:`.environment` (what no policy
reweights; erratum b), :mod:`.errata` (c, d), :mod:`.corollary_1` (e), :mod:`.language_model` and
:mod:`.monitor` (a policy that nobody sees, and how many samples it takes), :mod:`.generated` (MDPs
to check it on). Random start states: :mod:`.prompt_counterexamples` (a), :mod:`.soft_values` and
:mod:`.quenched`.
What computes policies for a given MDP is :mod:`verify.mdp`.
"""

from __future__ import annotations

from theorems.t3_policies import (
    corollary_1,
    environment,
    errata,
    fixed_start,
    language_model,
    long_answers,
    monitor,
    prompt_counterexamples,
    quenched,
)
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *long_answers.CLAIMS,
    *fixed_start.CLAIMS,
    *environment.CLAIMS,
    *prompt_counterexamples.CLAIMS,
    *quenched.CLAIMS,
    *errata.CLAIMS,
    *corollary_1.CLAIMS,
    *language_model.CLAIMS,
    *monitor.CLAIMS,
)
