"""Policies optimised against a reward of known parts, U = V + X, with TRL.

The reward (:mod:`.known_parts`) has an error X whose tail under the base policy is computed or
measured (:mod:`.error_tail`). Training (:mod:`.running`) logs what became of both parts and the KL
divergence (:mod:`.recorder`); on a policy that can be enumerated all of it is summed over all
answers as well, in float64 (:mod:`.summed_parts`). :mod:`.arms` sets heavy against light errors,
and penalties against clipping, an odds cap and early stopping.
"""
