"""Where the utilities of the synthetic experiment peak."""

from __future__ import annotations

#: The number of draws at which E V is largest, by V and X.
PEAKS = {
    ("normal", "lognormal"): 98,
    ("normal", "t3"): 169,
    ("normal", "t5"): 832,
    ("t10", "t3"): 643,
    ("t10", "lognormal"): 914,
    ("t10", "t5"): 48917,
}
