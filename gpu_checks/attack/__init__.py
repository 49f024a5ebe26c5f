"""Attacks on a reward model: the answer of the highest reward, and what it costs to force it.

:mod:`.search` is Accelerated Coordinate Gradient on a scalar head, with plain GCG and random search
beside it; :mod:`.objective` the reward as a function of an answer's tokens; :mod:`.price` the KL
divergence of forcing what was found, exactly, and its place against the frontier.
"""
