"""Large MDPs in float64: the same sweeps over sparse arrays, one layer of states at a time.

A layer holds the states whose longest way to a final state has the same number of actions; final
states are layer 0. States are numbered by layers inside, so a sweep is one sparse product a layer.
Nothing here is certified; on small MDPs it agrees with what is (:mod:`verify.mdp.soft`).

Soft values of deterministic MDPs need no logarithm on the way: ``exp(L_l(s))`` is the average of
``exp(l g)``. Where that would leave the range of float64, and where the environment draws, each
layer takes logarithms, with the largest exponent of the layer taken out first.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.mdp.model import MDP, MDPError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: ``exp`` of minus this is still a normal float64.
LARGEST_EXPONENT = 700.0
#: Totals below this may have lost digits to underflow.
SMALLEST = 1e-290
#: How far sums of probabilities may be from 1: 10^6 of them lose fewer than 20 of 53 bits.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Layer:
    """The states of one layer, with their actions.

    Attributes
    ----------
    first, last : int
        The states are ``first, ..., last - 1`` in the numbering by layers.
    base : array, one entry an action
        Base probabilities; the actions of one state stand together.
    firsts : array of int, one entry a state
        Where its actions begin.
    leads : sparse array, actions by states of lower layers
        Where the environment leads.
    average : sparse array, states by states of lower layers
        The law of the next state under the base policy.
    """

    first: int
    last: int
    base: Floats
    firsts: Indices
    leads: Any
    average: Any

    def by_state(self, values: Floats) -> Floats:
        """The sum of each state's entries, for one entry an action."""
        return np.asarray(np.add.reduceat(values, self.firsts))

    def by_action(self, values: Floats) -> Floats:
        """The entry of the state that it belongs to, for each action."""
        return np.repeat(values, np.diff(self.firsts, append=len(self.base)))


class ArrayMDP:
    """A finite MDP without cycles, as arrays.

    Parameters
    ----------
    start : array, one entry a state
        The law of the first state.
    owner : array of int, one entry an action
        The state that the action belongs to.
    base : array, one entry an action
        Its probability under the base policy. Actions that it never takes are left out.
    leads : sparse array, actions by states
        The law of the next state for each action.
    returns : array, one entry a state
        The return at final states, finite; NaN at all others.

    Raises
    ------
    MDPError
        If shapes do not fit, probabilities do not sum to 1, a return is infinite, a state is
        neither final nor has actions, or some state may come again. The message names a state by
        its number.
    """

    def __init__(
        self, start: Floats, owner: Indices, base: Floats, leads: Any, returns: Floats
    ) -> None:
        from scipy import sparse

        by_state = np.argsort(owner, kind="stable")
        self.start, self.returns = np.asarray(start, float), np.asarray(returns, float)
        self.owner, self.base = np.asarray(owner, int)[by_state], np.asarray(base, float)[by_state]
        self.leads = sparse.csr_array(leads)[by_state]
        self.size = len(self.returns)
        self._check_shapes()
        self._check_numbers()
        taken = self.base > 0
        self.owner, self.base, self.leads = self.owner[taken], self.base[taken], self.leads[taken]
        self.leads.eliminate_zeros()

    def _check_shapes(self) -> None:
        actions = len(self.base)
        if self.start.shape != (self.size,) or self.leads.shape != (actions, self.size):
            raise MDPError(
                f"{self.size} returns and {actions} actions: expected as many start probabilities "
                f"as returns, and leads of shape {(actions, self.size)}, got "
                f"{len(self.start)} and {self.leads.shape}"
            )
        if not ((self.owner >= 0) & (self.owner < self.size)).all():
            raise MDPError(f"owner: expected numbers of states, from 0 to {self.size - 1}")

    def _check_numbers(self) -> None:
        """Each comparison is false for NaN."""
        totals = np.bincount(self.owner, self.base, self.size)
        final = ~np.isnan(self.returns)
        expected = np.where(final, 0.0, 1.0)
        _first_wrong(np.isinf(self.returns), "the return is infinite")
        fits = abs(totals - expected) <= ROUNDING
        _first_wrong(~fits, "the base probabilities do not sum to 1")
        _first_wrong(~(self.start >= 0), "a start probability that is negative or no number")
        if not abs(self.start.sum() - 1) <= ROUNDING:
            raise MDPError(f"the start law: the probabilities sum to {self.start.sum()}")
        off = ~(abs(self.leads.sum(axis=1) - 1) <= ROUNDING)
        if off.any() or (self.leads.data < 0).any() or (self.base < 0).any():
            action = int(np.argmax(off)) if off.any() else 0
            raise MDPError(
                f"state {self.owner[action]}: the probabilities after an action do not sum to 1, "
                "or one is negative"
            )

    @classmethod
    def of(cls, mdp: MDP) -> tuple[ArrayMDP, dict[Any, int]]:
        """The arrays of an MDP whose returns are numbers, and the number of each state."""
        from scipy import sparse

        number = {state: i for i, state in enumerate(mdp.states)}
        owner: list[int] = []
        base, rows, columns, shares = [], [], [], []
        for state in mdp.states:
            for move in mdp.moves.get(state, {}).values():
                for following, share in move.outcomes.items():
                    rows.append(len(owner))
                    columns.append(number[following])
                    shares.append(_float(share))
                owner.append(number[state])
                base.append(_float(move.probability))
        leads = sparse.coo_array((shares, (rows, columns)), shape=(len(owner), len(number)))
        start, returns = np.zeros(len(number)), np.full(len(number), np.nan)
        for state, chance in mdp.start.items():
            start[number[state]] = _float(chance)
        for state in mdp.final:
            returns[number[state]] = _float(mdp.exact_return(state))
        return cls(start, np.array(owner, int), np.array(base), leads, returns), number

    def with_returns(self, returns: Floats) -> ArrayMDP:
        """The same MDP with other returns at its final states; the layers are shared."""
        _ = self.layers
        other = copy(self)
        other.returns = returns
        return other

    @cached_property
    def deterministic(self) -> bool:
        """Whether each action leads to one state."""
        return int(self.leads.nnz) == len(self.base)

    # ---------------------------------------------------------------- layers

    @cached_property
    def heights(self) -> Indices:
        """The layer of each state. Each transition is looked at once.

        Raises
        ------
        MDPError
            If some state may come again.
        """
        before = self.leads.tocsc()
        waiting = np.bincount(
            np.repeat(self.owner, np.diff(self.leads.indptr)), minlength=self.size
        )
        heights = np.full(self.size, -1)
        done = np.flatnonzero(~np.isnan(self.returns))
        height = 0
        while len(done):
            heights[done] = height
            entering = before.indices[_ranges(before.indptr[done], before.indptr[done + 1])]
            states, times = np.unique(self.owner[entering], return_counts=True)
            waiting[states] -= times
            done = states[waiting[states] == 0]
            height += 1
        _first_wrong(heights < 0, "it may come again, or leads to a state that may")
        return heights

    @cached_property
    def place(self) -> Indices:
        """The number of each state in the order by layers."""
        place = np.empty(self.size, int)
        place[np.argsort(self.heights, kind="stable")] = np.arange(self.size)
        return place

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers above 0, from the ends backwards."""
        from scipy import sparse

        order = np.argsort(self.place[self.owner], kind="stable")
        owner, base, leads = self.place[self.owner][order], self.base[order], self.leads[order]
        leads = sparse.csr_array(
            (leads.data, self.place[leads.indices], leads.indptr), shape=leads.shape
        )
        ends = np.cumsum(np.bincount(self.heights))
        bounds = np.searchsorted(owner, ends)
        found = []
        for below, above, low, high in zip(ends, ends[1:], bounds, bounds[1:], strict=False):
            part = slice(leads.indptr[low], leads.indptr[high])
            start = leads.indptr[low : high + 1] - leads.indptr[low]
            rows = sparse.csr_array(
                (leads.data[part], leads.indices[part], start), shape=(high - low, below)
            )
            firsts = np.searchsorted(owner[low:high], np.arange(below, above + 1))
            chances = sparse.csr_array(
                (base[low:high], np.arange(high - low), firsts), shape=(above - below, high - low)
            )
            found.append(
                Layer(int(below), int(above), base[low:high], firsts[:-1], rows, chances @ rows)
            )
        return tuple(found)

    @cached_property
    def reached(self) -> NDArray[np.bool_]:
        """Whether the base policy gets to each state."""
        found = np.zeros(self.size, bool)
        found[self.place] = self.start > 0
        for layer in reversed(self.layers):
            here = found[layer.first : layer.last].astype(float)
            found[: layer.first] |= layer.average.T @ here > 0
        return found[self.place]

    # ---------------------------------------------------------------- sweeps

    def averages(self, at_end: Floats) -> Floats:
        """``E[f(final state) | s]`` under the base policy.

        Parameters
        ----------
        at_end : array, one row a state
            f at final states; entries at other states are not looked at. More columns, more f.
        """
        values = self.from_end(at_end)
        for layer in self.layers:
            values[layer.first : layer.last] = layer.average @ values[: layer.first]
        return values[self.place]

    def from_end(self, at_end: Floats) -> Floats:
        """Values in the order by layers, with those at final states filled in, for a sweep."""
        values = np.zeros(np.shape(at_end))
        final = ~np.isnan(self.returns)
        values[self.place[final]] = np.asarray(at_end, float)[final]
        return values

    def soft_values(self, tilt: float) -> Floats:
        """``L_l(s)``; see :mod:`verify.mdp.soft`."""
        exponents = tilt * self.returns
        top, bottom = np.nanmax(exponents), np.nanmin(exponents)
        if self.deterministic and top - bottom <= LARGEST_EXPONENT:
            return np.log(self.averages(np.exp(exponents - top))) + top
        values = self.from_end(exponents)
        for layer in self.layers:
            soften(layer, values, top)
        return values[self.place]


def soften(layer: Layer, values: Floats, top: float) -> tuple[Floats, Floats]:
    """Fill in the soft values of one layer.

    Parameters
    ----------
    values : array
        In the order by layers; those of lower layers are there.
    top : float
        The largest soft value at a final state, which is the largest of all.

    Returns
    -------
    weights : array, one entry an action
        ``exp(E L_l(s'))``, up to a factor for each state.
    totals : array, one entry a state
        Their average under the base policy.
    """
    reached = layer.leads @ values[: layer.first]
    # One factor for all where nothing that matters underflows with it.
    largest: Any = top
    weights = reached - largest
    np.exp(weights, out=weights)
    totals = layer.by_state(layer.base * weights)
    if totals.min() < SMALLEST:
        largest = np.maximum.reduceat(reached, layer.firsts)
        weights = np.exp(reached - layer.by_action(largest))
        totals = layer.by_state(layer.base * weights)
    values[layer.first : layer.last] = np.log(totals) + largest
    return weights, totals


def _ranges(starts: Indices, ends: Indices) -> Indices:
    """The numbers of all the half-open ranges, one after the other."""
    lengths = ends - starts
    shifts = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.asarray(np.arange(lengths.sum()) + shifts)


def _first_wrong(wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        raise MDPError(f"state {int(np.argmax(wrong))}: {what}")


def _float(value: Any) -> float:
    return int(value.p) / int(value.q)
