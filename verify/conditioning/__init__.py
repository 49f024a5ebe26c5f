"""Conditioning on a large proxy: ``E[V | U > t]`` for ``U = X + V``, X and V independent.

:mod:`.routes` has the certified answer at one threshold, :mod:`.curve` that at many, and
:mod:`.floats` the same in float64, for pictures.
"""

from verify.conditioning.result import Conditioned
from verify.conditioning.routes import condition

__all__ = ["Conditioned", "condition"]
