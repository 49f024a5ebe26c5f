"""Proofs in Coq as evidence: run from outside, pinned, remembered.

:mod:`.coq` runs the proof assistant, :mod:`.pins` compares what it prints with what was agreed,
:mod:`.cache` remembers what passed, and :mod:`.kernel` makes evidence of it.
"""
