"""The samples of the calibration: each is drawn from its own seed, so any can be drawn again."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Literal

from verify.tails.calibration.cases import Case

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: ``moved``: in float64, shifted and scaled at random. ``bf16``: as the law has them, rounded to
#: bf16. ``bf16 at 100``: shifted by 100 first, where numbers of bf16 are 1/2 apart.
Form = Literal["moved", "bf16", "bf16 at 100"]
FORMS: tuple[Form, ...] = ("moved", "bf16", "bf16 at 100")
#: Shifts are up to so large either way, and scales so many powers of 10 away from 1.
FARTHEST_SHIFT, FARTHEST_POWER = 100.0, 3.0


def draw(case: Case, n: int, form: Form, number: int) -> tuple[Floats, float]:
    """The sample with this number, and the scale that it was multiplied by.

    The draws of the law are the same in all forms.
    """
    import numpy as np

    seed = (zlib.crc32(case.text.encode()), n, number)
    rewards = case.law.sample(n, np.random.default_rng(seed))
    if form == "moved":
        moving = np.random.default_rng((*seed, 1))
        shift = moving.uniform(-FARTHEST_SHIFT, FARTHEST_SHIFT)
        scale = 10.0 ** moving.uniform(-FARTHEST_POWER, FARTHEST_POWER)
        return scale * (rewards + shift), float(scale)
    return to_bf16(rewards + (100 if form == "bf16 at 100" else 0)), 1.0


def to_bf16(values: Floats) -> Floats:
    """Rounded to 8 significant bits, ties to even, as bf16 rounds within its range."""
    import numpy as np

    mantissa, exponent = np.frexp(values)
    rounded: Floats = np.ldexp(np.rint(np.ldexp(mantissa, 8)), exponent - 8)
    return rounded
