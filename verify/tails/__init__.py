"""Tails of data: what a column of reward scores says about the law that they came from.

Everything here is statistics in float64. It estimates, with error rates that were measured; it
proves nothing, and nothing in it is called certified.

The data flow one way: a file is read in batches (:mod:`verify.tails.reading`), batches are summed
up (:mod:`verify.tails.summary`), the largest rewards (:mod:`verify.tails.upper_tail`) go to the
estimators and to the decision (:mod:`verify.tails.decision`), the decision to its consequences
(:mod:`verify.tails.consequences`), and all of them to the report (:mod:`verify.tails.report`).
"""
