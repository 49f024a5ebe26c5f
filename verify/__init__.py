"""The ground: certified numerics that know nothing of the paper.

Laws, weights and the laws they make, divergences, enclosures, certificates and the checker.
Everything here stands alone: it imports neither `theorems` nor `gpu_checks`. Import what you need
from its modules (`from verify.law import Law`); the package itself imports nothing.
"""

__version__ = "0.1.0"
