"""Models that the tests of mitigations run over."""

from __future__ import annotations

import numpy as np

from verify.mitigations.model import Model
from verify.mitigations.profile import profile_of

LAPLACE_NORMAL = Model.parse("light", "laplace()", "normal()")

NORMALS = Model.parse("normals", "2*normal()", "normal()")

JOINED = Model.parse("joined", "2*normal()", "normal()", "gaussian(rho=-0.3)")

#: Scores with masses and utilities; ties are there to be joined.
FINITE = profile_of(
    np.array([3.0, 0.0, 1.0, 1.0, 2.0]),
    np.array([0.1, 0.2, 0.3, 0.1, 0.3]),
    np.array([3.0, 0.0, 1.0, 1.0, 2.0]),
    np.array([-5.0, 1.0, 2.0, 6.0, 4.0]),
)
