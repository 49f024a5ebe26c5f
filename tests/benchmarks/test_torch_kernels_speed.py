"""Best-of-n of 10^9 draws in torch, against its own generator on the same device.

Run by ``make bench``; 10^7 draws on a CPU. One line: draws a second, the time of the generator
alone for the same numbers, the bytes a second that the draws amount to, and the ratio of the two
times, all in this run. The aim is a ratio of at most 2: more than half of the generator's limit.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time

import pytest

from verify.law import Law

#: How many pairs (X, V) are drawn on each kind of device.
SAMPLES = {"cpu": 10**7, "cuda": 10**9}
DRAWS = [2**k for k in range(17)]
AIM = 2.0
#: Bytes of a pair in float64.
PAIR = 16

pytestmark = pytest.mark.gpu


def seconds(work: Callable[[], object], kind: str) -> float:
    """Processor time on a CPU, where others count; on a GPU the time until it is done."""
    import torch

    clock = process_time if kind == "cpu" else perf_counter
    if kind == "cuda":
        torch.cuda.synchronize()
    start = clock()
    work()
    if kind == "cuda":
        torch.cuda.synchronize()
    return clock() - start


@pytest.mark.parametrize("error", ["normal()", "student_t(df=3)"])
def test_best_of_draws_keeps_up_with_the_generator(
    error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from gpu_checks.devices import choose_device
    from gpu_checks.kernels.best_of_draws import CHUNK, best_of_draws
    from gpu_checks.kernels.drawing import drawing

    device = choose_device()
    kind, samples = device.type, SAMPLES[device.type]
    laws = Law.parse(error), Law.parse("2*normal()")
    generator = torch.Generator(device).manual_seed(1)

    def draw_alone() -> None:
        for _ in range(samples // CHUNK[kind]):
            for law in laws:
                drawing(law)(CHUNK[kind], generator)

    best_of_draws(*laws, DRAWS, 20 * DRAWS[-1], 1, device)  # the first call loads kernels
    alone = seconds(draw_alone, kind)
    ours = seconds(lambda: best_of_draws(*laws, DRAWS, samples, 1, device), kind)
    with capsys.disabled():
        print(
            f"\nbest of {len(DRAWS)} n, {samples:.0e} pairs, X ~ {error}, {kind}: "
            f"{samples / ours:.3g} pairs/s, {samples * PAIR / ours / 1e9:.3g} GB/s of draws; "
            f"generator alone {alone:.2f} s, ratio {ours / alone:.2f} (aim {AIM})"
        )
    assert ours / alone <= AIM
