"""Reading reward scores, streamed: from files of many kinds to batches of finite numbers.

:func:`open_scores` finds the files and their columns (:mod:`.sources`, :mod:`.columns`), and cuts
them into shards that processes can take (:mod:`.scores`). A shard is read in batches
(:mod:`.batch`), by the reader of its format (:mod:`.formats`). What is no finite number is counted,
never dropped in silence (:mod:`.cells`).

Every other reader of this package takes whole files and keeps every number exactly
(:mod:`verify.reading`); this one is for statistics in float64, on files that need not fit in
memory.
"""

from verify.tails.reading.batch import MOST_BAD, Batch, Prompts, Tally
from verify.tails.reading.scores import Scores, Shard, open_scores

__all__ = ["MOST_BAD", "Batch", "Prompts", "Scores", "Shard", "Tally", "open_scores"]
