"""Devices, number formats and batches that fit into memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from verify.errors import InputError

DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
#: Share of the free memory that a batch is planned for; the rest is for what the plan leaves out.
SHARE = {"cuda": 0.5, "cpu": 0.125}
#: A batch larger than this gains no speed.
MOST_TOKENS = {"cuda": 1 << 17, "cpu": 1 << 12}
Result = TypeVar("Result")
#: How torch says on a CPU that memory is out.
CPU_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory")


def choose_device(name: str | torch.device | None = None) -> torch.device:
    """The device to compute on: the one named, else a CUDA device where there is one.

    Raises
    ------
    InputError
        If it is none of ``cpu``, ``cuda``, ``cuda:0``, ..., or is not here.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    wanted = "expected cpu, cuda or cuda:NUMBER"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device: {wanted}, got {str(name)!r:.40}") from None
    if device.type not in SHARE:
        raise InputError(f"device: {wanted}, got {str(name)!r:.40}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        here = torch.cuda.device_count()
        raise InputError(f"device: {device} is not here: {here or 'no'} CUDA device(s) found")
    return device


def choose_dtype(name: str | torch.dtype | None = None) -> torch.dtype:
    """The format of weights and activations: the one named, else float32.

    Not bfloat16, though it is twice as fast on a GPU: it has three digits, so a tail of rewards
    would be a few atoms.

    Raises
    ------
    InputError
        If it is none of :data:`DTYPES`.
    """
    if name is None:
        return torch.float32
    if isinstance(name, torch.dtype):
        name = str(name).removeprefix("torch.")
    if name not in DTYPES:
        raise InputError(f"dtype: expected {', '.join(DTYPES)}; got {name!r:.40}")
    return DTYPES[name]


def free_memory(device: torch.device) -> int:
    """Bytes that can be taken on a device now, those that torch holds unused among them."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free + held)
    import psutil

    return int(psutil.virtual_memory().available)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is out, on either kind of device."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(each in str(error) for each in CPU_OUT_OF_MEMORY)


def say(line: str) -> None:
    """One line for the user, on stderr."""
    print(f"goodhart: {line}", file=sys.stderr)


@dataclass
class Budget:
    """How many tokens, padding among them, a batch may have. It shrinks where memory runs out.

    Parameters
    ----------
    tokens : int
        Rows times the length of the longest. A batch has one row at least.
    rows : int, optional
        The most rows of a batch.
    """

    tokens: int
    rows: int | None = None

    @classmethod
    def fitted(cls, device: torch.device, bytes_per_token: int) -> Budget:
        """A budget for the memory that is free on a device now."""
        share = SHARE[device.type] * free_memory(device)
        most = MOST_TOKENS[device.type]
        return cls(max(1, min(most, int(share // max(1, bytes_per_token)))))

    def count(self, longest: int) -> int:
        """How many rows a batch has whose longest row has this many tokens."""
        fits = max(1, self.tokens // max(1, longest))
        return fits if self.rows is None else max(1, min(fits, self.rows))

    def halve(self, rows: int, longest: int) -> None:
        """Take half of a batch that did not fit, from now on."""
        self.tokens = max(1, rows // 2 * longest)


def batched(
    lengths: Sequence[int],
    run: Callable[[list[int]], Result],
    budget: Budget,
    *,
    report: Callable[[str], None] = say,
) -> Iterator[tuple[list[int], Result]]:
    """Run rows in batches of about equal lengths; halve a batch that memory is too small for.

    The longest rows come first: if memory runs out, it does so at once.

    Parameters
    ----------
    lengths : sequence of int
        The number of tokens of each row.
    run : callable
        Called with the indices of the rows of a batch, the longest first.
    budget : Budget
        What a batch may have. It is changed where memory runs out, so that the next call with it
        starts with what fitted.
    report : callable
        Told one line when a batch is halved.

    Yields
    ------
    (list of int, Result)
        The indices of a batch and what ``run`` answered.

    Raises
    ------
    InputError
        If not even one row fits.
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        longest = lengths[order[start]]
        rows = order[start : start + budget.count(longest)]
        try:
            answer = run(rows)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            yield rows, answer
            start += len(rows)
            continue
        # Out here, as the error holds the tensors that were too much.
        _shrink(budget, len(rows), longest, report)


def _shrink(budget: Budget, rows: int, longest: int, report: Callable[[str], None]) -> None:
    if rows == 1:
        raise InputError(
            f"out of memory: a single row of {longest} tokens does not fit; take shorter rows, a "
            "smaller dtype or a larger device"
        )
    budget.halve(rows, longest)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    report(
        f"out of memory with {rows} rows of {longest} tokens: {rows // 2} at a time from here on"
    )
