"""Summing up files of scores: in threads, in processes, or on a Ray cluster; resumable."""

from verify.tails.engine.run import summarise
from verify.tails.engine.task import Source

__all__ = ["Source", "summarise"]
