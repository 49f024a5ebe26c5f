"""What an attack found, in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb

from gpu_checks.attack.price import Price
from gpu_checks.attack.result import Attack
from verify.decimals import decimal_text

#: Characters of the answer that are shown.
SHOWN = 200


def terminal_lines(answer: Attack) -> Iterator[str]:
    """The answer's lines."""
    best, settings = answer.best, answer.best.settings
    state = best.state
    yield (
        f"{settings.method} on {answer.reward_model}: best reward {best.reward:.6g}, "
        f"{settings.length} tokens, found at step {state.best_step} of {state.step} "
        f"({state.passes} forward passes, stopped by {state.stopped})"
    )
    if len(answer.runs) > 1:
        rewards = sorted(run.reward for run in answer.runs)
        yield (
            f"  the best of {len(rewards)} runs, seed {settings.seed}; they found from "
            f"{rewards[0]:.6g} to {rewards[-1]:.6g}, median {rewards[len(rewards) // 2]:.6g}"
        )
    yield f"  text: {best.text[:SHOWN]!r}{'...' if len(best.text) > SHOWN else ''}"
    if best.text_reward != best.reward and not settings.retokenise:
        yield f"  the text alone, read anew, has reward {best.text_reward:.6g}"
    if answer.log_prob is None:
        yield "  no base policy was named (--policy): what it costs to force it is not known"
        return
    found = answer.log_prob
    tokens = "" if found.shared else f", as the {len(found.ids)} tokens that it has for the text"
    yield f"log-probability under {found.policy}: {found.value:.6g} nats{tokens}"
    if answer.base is not None:
        sample = answer.base
        mean = float(sample.mean.p) / float(sample.mean.q)
        yield f"base sample: {sample.n} rewards, mean {mean:.6g}, largest {sample.largest:.6g}"
    for price in answer.prices:
        yield from _price_lines(price)


def _price_lines(price: Price) -> Iterator[str]:
    line = f"  forced with probability {decimal_text(price.share)}: KL {_short(price.kl)} nats"
    if price.gain is None or price.frontier is None:
        yield line
        return
    bought = price.frontier[1].upper
    shown = _short(bought) if isinstance(bought, arb) else str(bought)
    yield (
        f"{line}, mean reward up by {float(price.gain.p) / float(price.gain.q):.6g} to "
        f"{_short(arb(price.mean))}; frontier of the sample: {shown} ({price.place})"
    )


def _short(value: arb) -> str:
    return f"{float(value.mid()):.6g}"
