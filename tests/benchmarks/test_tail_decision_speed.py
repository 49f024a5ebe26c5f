"""The verdict about a tail, given the largest rewards.

Run by ``make bench``; all times are of this run, on the processor. The aims: 15 ms at 10**4, 60 ms
at 10**5 and 0.5 s at 10**7 rewards, the interval of the extreme-value index included.
"""

from __future__ import annotations

from time import process_time

import numpy as np

from verify.tails.decision import decide
from verify.tails.upper_tail import UpperTail

#: In seconds, by the number of rewards.
AIMS = {10**4: 0.015, 10**5: 0.06, 10**7: 0.5}
KEPT, REPEATS = 250_000, 5


def test_decision() -> None:
    rng = np.random.default_rng(4)
    print()
    for count, aim in AIMS.items():
        for name, rewards in (
            ("normal", rng.standard_normal(count)),
            ("student_t(3)", rng.standard_t(3, count)),
        ):
            tail = UpperTail.of(rewards, min(count // 4, KEPT))
            least = float("inf")
            for _ in range(REPEATS):
                start = process_time()
                verdict = decide(tail)
                least = min(least, process_time() - start)
            print(
                f"{count} rewards, {name}: {verdict.kind}, {1e3 * least:.1f} ms "
                f"(aim {1e3 * aim:.0f})"
            )
            assert least < aim
