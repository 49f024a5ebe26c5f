"""A summary as bytes: the arrays in .npz, the rest as JSON inside it. Nothing is unpickled."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import numpy as np

from verify.errors import InputError
from verify.tails.reading.batch import Tally
from verify.tails.summary.moments import Moments
from verify.tails.summary.prompts import PromptSummaries
from verify.tails.summary.sketch import QuantileSketch
from verify.tails.summary.summary import Summary

#: Changes whenever older files can no longer be read.
SCHEMA = "goodhart-summary/1"


def to_bytes(summary: Summary) -> bytes:
    """The summary, to be written to a file."""
    sketch, moments, prompts = summary.sketch, summary.moments, summary.prompts
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "keep": summary.keep,
        "floor": summary.floor.hex(),
        "moments": [moments.count, hex(moments.total), hex(moments.squares)],
        "sketch": [sketch.shift, hex(sketch.bits)],
        "tally": summary.tally.to_dict(),
    }
    arrays = {
        "top": summary.top,
        "lowest": summary.lowest,
        "keys": sketch.keys,
        "counts": sketch.counts,
        "positions": sketch.positions,
    }
    if prompts is not None:
        header["prompts"] = [prompts.cut, prompts.most, prompts.names]
        arrays |= {
            "prompt_ids": prompts.ids,
            "prompt_counts": prompts.counts,
            "prompt_sums": prompts.sums,
            "prompt_top": prompts.top,
        }
    text = np.frombuffer(json.dumps(header).encode("ascii"), np.uint8)
    buffer = BytesIO()
    np.savez(buffer, header=text, **arrays)  # type: ignore[arg-type]  # of allow_pickle
    return buffer.getvalue()


def from_bytes(content: bytes) -> Summary:
    """The summary that was written.

    Raises
    ------
    InputError
        If it is damaged, or of another version.
    """
    try:
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        header = json.loads(arrays["header"].tobytes())
        if header["schema"] != SCHEMA:
            raise InputError(f"expected a summary of {SCHEMA}, got {header['schema']}")
        return _summary(header, arrays)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"a damaged summary: {error}") from None


def _summary(header: dict[str, Any], arrays: dict[str, Any]) -> Summary:
    count, total, squares = header["moments"]
    shift, bits = header["sketch"]
    tally = header["tally"]
    if tally["first"] is not None:
        tally["first"] = tuple(tally["first"])
    prompts = None
    if "prompts" in header:
        cut, most, names = header["prompts"]
        prompts = PromptSummaries(
            arrays["prompt_ids"],
            tuple(names),
            arrays["prompt_counts"],
            arrays["prompt_sums"],
            arrays["prompt_top"],
            cut,
            most,
        )
    return Summary(
        arrays["top"],
        arrays["lowest"],
        Moments(count, int(total, 16), int(squares, 16)),
        QuantileSketch(shift, arrays["keys"], arrays["counts"], arrays["positions"], int(bits, 16)),
        header["keep"],
        Tally(**tally),
        prompts,
        float.fromhex(header["floor"]),
    )
