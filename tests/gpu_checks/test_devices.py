"""Devices and batches, and what happens where memory runs out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.gpu_checks import tiny
from tests.gpu_checks.models.test_log_probs import CLOSE
from verify.errors import InputError

pytestmark = pytest.mark.gpu


def lines_of(lengths: list[int], most: int, tokens: int) -> tuple[list[list[int]], list[str], int]:
    """The batches of rows on a device that holds ``most`` tokens, and what was said."""
    import torch

    from gpu_checks.devices import Budget, batched

    said: list[str] = []
    budget = Budget(tokens)

    def run(rows: list[int]) -> int:
        if len(rows) * max(lengths[row] for row in rows) > most:
            raise torch.OutOfMemoryError("planted")
        return len(rows)

    found = [rows for rows, _ in batched(lengths, run, budget, report=said.append)]
    return found, said, budget.tokens


def test_every_row_is_in_one_batch_the_longest_first() -> None:
    lengths = [3, 50, 7, 7, 20, 1, 9, 30]
    batches, said, _ = lines_of(lengths, 1000, 60)
    assert sorted(row for rows in batches for row in rows) == list(range(8))
    assert [lengths[row] for rows in batches for row in rows] == sorted(lengths, reverse=True)
    assert all(len(rows) * max(lengths[row] for row in rows) <= 60 for rows in batches)
    assert said == []


def test_a_batch_that_does_not_fit_is_halved_and_it_is_said() -> None:
    batches, said, left = lines_of([10] * 33, 55, 160)
    assert [len(rows) for rows in batches] == [4] * 8 + [1]
    assert sorted(row for rows in batches for row in rows) == list(range(33))
    assert said == [
        "out of memory with 16 rows of 10 tokens: 8 at a time from here on",
        "out of memory with 8 rows of 10 tokens: 4 at a time from here on",
    ]
    assert left == 40


def test_a_single_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="a single row of 70 tokens does not fit"):
        lines_of([70, 10], 55, 160)


def test_other_errors_are_not_taken_for_memory() -> None:
    from gpu_checks.devices import Budget, batched

    def run(rows: list[int]) -> None:
        raise RuntimeError("planted: another")

    with pytest.raises(RuntimeError, match="planted: another"):
        list(batched([1], run, Budget(10)))


def test_a_cpu_without_memory_is_recognised() -> None:
    import torch

    from gpu_checks.devices import is_out_of_memory

    with pytest.raises(RuntimeError) as error:
        torch.empty(1 << 58, dtype=torch.float64)
    assert is_out_of_memory(error.value)
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shape mismatch"))


def test_a_model_that_runs_out_of_memory_scores_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import torch

    reward = tiny.reward()
    texts = [[5, 6, 7, length] for length in range(4, 24)]
    right = reward.score_ids(texts)
    inner = reward.network.forward

    def small(mask: torch.Tensor, **inputs: torch.Tensor) -> torch.Tensor:
        if len(mask) > 3:
            raise torch.OutOfMemoryError("planted")
        return inner(mask, **inputs)

    reward.network.forward = small
    # The same sums in another order; texts that are equally long have no padding.
    assert np.abs(reward.score_ids(texts) - right).max() < CLOSE
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "goodhart: out of memory with 20 rows of 4 tokens: 10 at a time from here on"
    assert len(said) == 3  # 20, 10, 5, and 2 at last
    reward.score_ids(texts)  # starts with what fitted
    assert capsys.readouterr().err == ""


def test_a_budget_is_what_memory_holds() -> None:
    import torch

    from gpu_checks.devices import MOST_TOKENS, SHARE, Budget, free_memory

    device = torch.device("cpu")
    assert Budget.fitted(device, 1).tokens == MOST_TOKENS["cpu"]
    huge = free_memory(device)  # one such token does not fit, and a batch has one at least
    assert Budget.fitted(device, huge).tokens == 1
    tenth = int(SHARE["cpu"] * huge / 10)
    assert 5 <= Budget.fitted(device, tenth).tokens <= 20  # others take memory meanwhile
    assert Budget(100, rows=3).count(10) == 3
    assert Budget(100).count(1000) == 1


def test_devices_and_dtypes_that_are_not_there_are_refused() -> None:
    import torch

    from gpu_checks.devices import choose_device, choose_dtype

    assert choose_device("cpu") == torch.device("cpu")
    assert choose_dtype() == torch.float32
    assert choose_dtype("float64") == choose_dtype(torch.float64) == torch.float64
    for name in ("tpu", "mps", "gpu 0", ""):
        with pytest.raises(InputError, match="device: expected cpu, cuda or cuda:NUMBER"):
            choose_device(name)
    with pytest.raises(InputError, match="cuda:99 is not here"):
        choose_device("cuda:99")
    with pytest.raises(InputError, match="dtype: expected float64, float32, bfloat16, float16"):
        choose_dtype("int8")
