"""What is kept of a sample in one pass, so that parts of it can be summed up apart and merged."""

from verify.tails.summary.sketch import Cells, QuantileSketch
from verify.tails.summary.summary import Summary

__all__ = ["Cells", "QuantileSketch", "Summary"]
