"""A language model whose every trajectory is listed, so that nothing about it is estimated.

A causal language model is restricted to a few tokens and a horizon; with 8 tokens and 6 steps it
has 8^6 = 262,144 trajectories. On the tree of their prefixes the policy that realises any weight is
computed exactly (Theorem 3), beside its mean reward and its KL divergence by two routes.

* :mod:`.tree`: a policy as the tree of its log-probabilities;
* :mod:`.enumeration`: that tree from a causal language model, with a key-value cache;
* :mod:`.random_model`: a small transformer with random weights, made from a seed on the spot;
* :mod:`.weights`: optimisers as weights on the trajectories; :mod:`.doob`: the policy of a weight;
* :mod:`.realised`: predictions for an optimiser, and what its policy does, with error bounds;
* :mod:`.exact`: a small tree as an MDP of exact rationals, for :mod:`verify.mdp`.

Everything is float64 with bounds on its rounding (:mod:`.rounding`), and nothing is certified.
"""
