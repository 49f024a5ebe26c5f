"""Records of samples and scores: folders of Parquet files that a cut-off run goes on from.

A run is cut into jobs of some seconds, each of which makes one file, whole or not at all
(:mod:`.folder`, :mod:`.run`). Jobs are done here or on a Ray cluster (:mod:`.engines`). Rows come
from prompts (:mod:`.prompts`) or from files of texts (:mod:`.texts`).
"""

from gpu_checks.records.folder import read_records

__all__ = ["read_records"]
