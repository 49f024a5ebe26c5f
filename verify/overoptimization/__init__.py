"""Overoptimisation curves: the gold score against ``d = sqrt KL``, in the two forms of Gao et al.

:mod:`.forms` has the forms, :mod:`.data` reads what was measured, :mod:`.samples` estimates it from
scored answers, :mod:`.least_squares` fits, and :mod:`.fit` gives the answer of ``goodhart fit``,
which :mod:`.plot` draws. All of it is float64, and nothing is called certified: what is proved of
the forms is in ``theorems/overoptimization``.

Source: Gao, Schulman and Hilton, *Scaling laws for reward model overoptimization*,
arXiv 2210.10760.
"""
