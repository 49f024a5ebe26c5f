"""Watching the rewards of a training run: is the tail heavy, and do a few answers carry the gain?

A :class:`Monitor` is fed the rewards of each step, and holds the last of them. At any step its
:meth:`~Monitor.state` says what their upper tail looks like, and warns of signs of Goodhart's law
(:mod:`verify.tails.monitor_state`). :func:`watched` wraps a reward function, such as TRL calls, so
that a monitor sees what it returns.

The tests are made to be asked at every step of a long run, and see plain cases only. For a verdict
with measured error rates, audit a file of rewards.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import wraps
from inspect import iscoroutinefunction
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from verify.errors import InputError
from verify.tails.monitor_state import TOP, Start, State, Window, state_of
from verify.tails.upper_tail import UpperTail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Rewards that are held. Two numbers more are held with each: 400 kB.
WINDOW = 2**14
_REWARD, _WITHIN, _KL = 0, 1, 2


class Monitor:
    """Rewards of a run, the last ``window`` of them held: memory does not grow.

    Parameters
    ----------
    window : int, optional
        At least 1000, the fewest with a top 0.1 %.
    seed : int, optional
        Of the draws that spread rounded rewards over their cells.

    Attributes
    ----------
    steps, seen, left_out : int
        Updates so far; finite rewards in them, and others.
    start : Start or None
        What the rewards of the base policy were like, where it was shown them; else the first full
        window, once there is one.
    kl : float
        The KL divergence, in nats per answer, of rewards that come without one; NaN if it is not
        known. May be set at any time, where it is measured elsewhere than the rewards.

    Raises
    ------
    InputError
        If the window is too small.
    """

    def __init__(self, window: int = WINDOW, seed: int = 0) -> None:
        import numpy as np

        if window * TOP < 1:
            raise InputError(f"window: expected at least {round(1 / TOP)} rewards, got {window}")
        self.window = window
        self.seed = seed
        self.steps = self.seen = self.left_out = 0
        self.start: Start | None = None
        self.kl = nan
        self._rows = np.full((3, window), nan)
        self._held = self._next = 0

    def update(
        self,
        rewards: Iterable[float | None],
        kl: float | Iterable[float] | None = None,
        prompts: Sequence[Any] | None = None,
    ) -> None:
        """Take in the rewards of a step.

        Parameters
        ----------
        rewards : iterable of float or None
            A list, an array or a tensor. What is None, NaN or infinite is counted and left out.
        kl : float or iterable of float, optional
            The KL divergence of the policy from its reference, in nats per answer: one number, or
            one for each reward. That of :attr:`kl` if it is not given.
        prompts : sequence, optional
            What each reward's answer is to; equal ones are one prompt.

        Raises
        ------
        InputError
            If there are not as many prompts or KL divergences as rewards.
        """
        import numpy as np

        values = _numbers(rewards)
        count = len(values)
        rows = np.full((3, count), nan)
        rows[_REWARD], rows[_KL] = values, self.kl
        if kl is not None:
            given = _numbers(kl if isinstance(kl, Iterable) else [kl])
            _check_count("KL divergences", len(given), {1, count})
            rows[_KL] = given
        if prompts is not None:
            _check_count("prompts", len(prompts), {count})
            rows[_WITHIN] = _less_their_prompts(values, prompts)
        finite = rows[:, np.isfinite(values)]
        self.steps += 1
        self.left_out += count - finite.shape[1]
        for first in range(0, finite.shape[1], self.window):  # a step may exceed the window
            self._put(finite[:, first : first + self.window])

    def begin(self, rewards: Iterable[float | None]) -> State:
        """Take in rewards of the base policy, drawn before training: later ones are compared.

        A run may be over before a window is full, and a mean that runs away then goes unseen.

        Parameters
        ----------
        rewards : iterable of float or None
            As in :meth:`update`. They are not held, and not counted.

        Returns
        -------
        State
            What they look like.

        Raises
        ------
        InputError
            If there are not two finite ones.
        """
        import numpy as np

        values = _numbers(rewards)
        finite = values[np.isfinite(values)]
        if len(finite) < 2:
            raise InputError("rewards of the base policy: expected two finite ones or more")
        self.start = Start.of(finite)
        unknown = np.full(len(finite), nan)
        window = Window(finite, unknown, np.zeros(len(finite)))
        return state_of(0, len(finite), len(values) - len(finite), window, None, self.seed)

    def state(self) -> State:
        """What the last rewards look like, compared with those at the start."""
        window = Window(*self._in_order())  # a sum depends on the order
        return state_of(self.steps, self.seen, self.left_out, window, self.start, self.seed)

    def tail(self) -> UpperTail:
        """All rewards that are held, for the estimators and the decision of an audit."""
        return UpperTail.of(self._rows[_REWARD, : self._held])

    def merge(self, other: Monitor) -> Monitor:
        """A monitor of both streams, such as those of two processes that train one model.

        It holds what both hold, and its window is as long as both together.
        """
        both = Monitor(self.window + other.window, self.seed)
        for one in (self, other):
            both._put(one._in_order())
        both.steps = max(self.steps, other.steps)
        both.seen = self.seen + other.seen
        both.left_out = self.left_out + other.left_out
        both.start = _merged(self.start, other.start)
        return both

    def _put(self, rows: Floats) -> None:
        """Write over the oldest rewards; rows are at most a window long."""
        import numpy as np

        count = rows.shape[1]
        self._rows[:, np.arange(self._next, self._next + count) % self.window] = rows
        self._next = (self._next + count) % self.window
        self._held = min(self._held + count, self.window)
        self.seen += count
        if self.start is None and self._held == self.window:
            self.start = Start.of(self._rows[_REWARD])

    def _in_order(self) -> Floats:
        """What is held, the oldest first."""
        import numpy as np

        if self._held < self.window:
            return self._rows[:, : self._held]
        return np.roll(self._rows, -self._next, axis=1)

    # ------------------------------------------------------------------ checkpoints

    def to_dict(self) -> dict[str, Any]:
        """For JSON: :meth:`from_dict` gives the same monitor, bit for bit."""
        import numpy as np

        held = np.ascontiguousarray(self._in_order(), "<f8")
        return {
            "window": self.window,
            "seed": self.seed,
            "steps": self.steps,
            "seen": self.seen,
            "left_out": self.left_out,
            "kl": None if isnan(self.kl) else self.kl,
            "start": None if self.start is None else _without_nan(asdict(self.start)),
            "held": b64encode(held.tobytes()).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Monitor:
        """The monitor that was saved.

        Raises
        ------
        InputError
            If that is not what :meth:`to_dict` gave.
        """
        import numpy as np

        try:
            monitor = cls(int(saved["window"]), int(saved["seed"]))
            held = np.frombuffer(b64decode(saved["held"], validate=True), "<f8").reshape(3, -1)
            if held.shape[1] > monitor.window:
                raise ValueError("more rewards than its window holds")
            monitor._put(held.astype(np.float64))
            monitor.steps, monitor.seen = int(saved["steps"]), int(saved["seen"])
            monitor.left_out = int(saved["left_out"])
            monitor.kl = nan if saved["kl"] is None else float(saved["kl"])
            monitor.start = None
            if saved["start"] is not None:
                start: dict[str, Any] = {
                    key: nan if each is None else each for key, each in saved["start"].items()
                }
                monitor.start = Start(**start)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a saved monitor ({error})") from None
        return monitor

    def restore(self, saved: dict[str, Any]) -> None:
        """Become the monitor that was saved; see :meth:`from_dict`."""
        self.__dict__.update(type(self).from_dict(saved).__dict__)


def watched(function: Callable[..., Any], monitor: Monitor) -> Callable[..., Any]:
    """A reward function that shows a monitor what it returns, and is otherwise the same.

    Parameters
    ----------
    function : callable
        ``f(prompts, completions, **columns) -> list of float``, as TRL calls it; also one that is
        declared with ``async``. It keeps its name, under which TRL logs it.
    monitor : Monitor
        Is fed the rewards, with the prompts where they are given.
    """

    def show(rewards: Any, positional: tuple[Any, ...], columns: dict[str, Any]) -> Any:
        prompts = columns.get("prompts", positional[0] if positional else None)
        fits = prompts is not None and len(prompts) == len(rewards)
        monitor.update(rewards, prompts=prompts if fits else None)
        return rewards

    if iscoroutinefunction(function):

        @wraps(function)
        async def later(*positional: Any, **columns: Any) -> Any:
            return show(await function(*positional, **columns), positional, columns)

        return later

    @wraps(function)
    def now(*positional: Any, **columns: Any) -> Any:
        return show(function(*positional, **columns), positional, columns)

    return now


def _numbers(values: Iterable[float | None]) -> Floats:
    """Numbers as float64; None becomes NaN."""
    import numpy as np

    if hasattr(values, "detach"):  # a torch tensor, of a kind that numpy need not know
        values = values.detach().cpu().double().numpy()
    array = np.asarray(values if hasattr(values, "__len__") else list(values))
    try:
        if array.dtype.kind in "US":
            raise ValueError("text")
        return array.astype(np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise InputError("rewards: expected numbers or None") from None


def _check_count(what: str, count: int, expected: set[int]) -> None:
    if count not in expected:
        raise InputError(f"{what}: expected {max(expected)}, one for each reward, got {count}")


def _less_their_prompts(values: Floats, prompts: Sequence[Any]) -> Floats:
    """Each reward less the mean of those for its prompt, scaled to their spread.

    NaN where a prompt has one finite reward only. Of g independent rewards each is less the mean
    by ``(g - 1) / g`` of their variance.
    """
    import numpy as np

    numbers: dict[Any, int] = {}
    keys = (prompt if isinstance(prompt, str | int) else repr(prompt) for prompt in prompts)
    codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.intp)
    finite = np.isfinite(values)
    counts = np.bincount(codes[finite], minlength=len(numbers))
    sums = np.bincount(codes[finite], values[finite], minlength=len(numbers))
    shared = counts > 1
    scale = np.where(shared, np.sqrt(counts / np.maximum(counts - 1, 1)), nan)
    means = sums / np.maximum(counts, 1)
    found: Floats = (values - means[codes]) * scale[codes]
    return found


def _without_nan(numbers: dict[str, float]) -> dict[str, float | None]:
    """JSON has no NaN."""
    return {key: None if isnan(each) else each for key, each in numbers.items()}


def _merged(one: Start | None, other: Start | None) -> Start | None:
    """What both first windows together were like; the share is the mean of theirs."""
    if one is None or other is None:
        return one or other
    count = one.count + other.count
    weights = one.count / count, other.count / count

    def mean(first: float, second: float) -> float:
        return weights[0] * first + weights[1] * second

    centre = mean(one.mean, other.mean)
    variance = mean(
        one.deviation**2 + (one.mean - centre) ** 2,
        other.deviation**2 + (other.mean - centre) ** 2,
    )
    return Start(count, centre, variance**0.5, mean(one.share, other.share))
