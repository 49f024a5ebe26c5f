"""Is the upper tail of a sample heavy, light or bounded?

The line runs between finite and infinite exponential moments, so it is drawn by the Weibull-tail
coefficient (:mod:`verify.tails.decision.weibull_tail`) and not by the extreme-value index, which is
0 on both sides of it. How often the answer is right was measured:
``python -m verify.tails.calibration``.
"""

from verify.tails.decision.deciding import decide

__all__ = ["decide"]
