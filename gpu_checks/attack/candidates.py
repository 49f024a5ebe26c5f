"""The states that a step tries: the parent with a few tokens changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

#: How often a step draws candidates, where many of them are no text's tokens.
DRAWS = 4


def best_tokens(gradient: Any, ids: Rows, allowed: Any, k: int) -> Rows:
    """The k tokens with the largest gradient at each position, without the one that is there.

    Parameters
    ----------
    gradient : torch.Tensor, shape (length, vocabulary)
        Of the reward, to the one-hot tokens.
    ids : array of int, shape (length,)
        The tokens that are there.
    allowed : torch.Tensor of bool, shape (vocabulary,)
    k : int
        Fewer are returned where fewer are allowed.

    Returns
    -------
    array of int, shape (length, k)
    """
    import torch

    scores = gradient.masked_fill(~allowed, -torch.inf)
    places = torch.arange(len(ids), device=scores.device)
    scores[places, torch.as_tensor(ids, device=scores.device)] = -torch.inf
    most = int(allowed.sum()) - 1
    found: Rows = scores.topk(max(1, min(k, most)), dim=1).indices.cpu().numpy()
    return found


def distinct_places(count: int, length: int, edits: int, rng: np.random.Generator) -> Rows:
    """For each of ``count`` candidates, ``edits`` positions without repetition."""
    return np.argsort(rng.random((count, length)), axis=1)[:, :edits]


def from_gradient(
    ids: Rows, tokens: Rows, count: int, edits: int, rng: np.random.Generator
) -> Rows:
    """Candidates with tokens drawn from the best of each position."""
    places = distinct_places(count, len(ids), edits, rng)
    choice = rng.integers(0, tokens.shape[1], size=places.shape)
    return _edited(ids, places, tokens[places, choice])


def uniform(ids: Rows, allowed: Rows, count: int, edits: int, rng: np.random.Generator) -> Rows:
    """Candidates with tokens drawn from all that are allowed."""
    places = distinct_places(count, len(ids), edits, rng)
    return _edited(ids, places, allowed[rng.integers(0, len(allowed), size=places.shape)])


def merged(ids: Rows, better: Rows, count: int) -> Rows:
    """The edits of several candidates together: of the best two, the best three, and so on.

    Where two candidates edit one place, the better one's token is taken.

    Parameters
    ----------
    ids : array of int, shape (length,)
        The parent.
    better : array of int, shape (n, length)
        Candidates that are better than it, the best first.
    count : int
        How many are returned at most.

    Returns
    -------
    array of int, shape (at most ``count``, length)
    """
    together, found = ids.copy(), []
    for place, row in enumerate(better):
        free = (together == ids) & (row != ids)
        if free.any():
            together = np.where(free, row, together)
            if place > 0:
                found.append(together)
        if len(found) == count:
            break
    return np.array(found, dtype=np.int64).reshape(-1, len(ids))


def _edited(ids: Rows, places: Rows, tokens: Rows) -> Rows:
    rows = np.repeat(ids[None, :], len(places), axis=0)
    np.put_along_axis(rows, places, tokens, axis=1)
    return rows


def enough_of(
    draw: Callable[[int], Rows],
    is_text: Callable[[Rows], NDArray[np.bool_]],
    mended: Callable[[Rows], Rows],
    ids: Rows,
    width: int,
) -> Rows:
    """Draw until there are ``width`` distinct candidates that differ from the parent.

    Parameters
    ----------
    draw : callable
        Draws that many candidates.
    is_text : callable
        Which candidates are the tokens of a text.
    mended : callable
        The others, each as the tokens that its text has; they stand in where those are too few.
    ids : array of int, shape (length,)
        The parent.
    width : int
        How many are wanted. Fewer are returned where :data:`DRAWS` draws have no more.
    """
    found: dict[bytes, Rows] = {}
    others = []

    def add(rows: Rows) -> None:
        for row in rows:
            if (row != ids).any():
                found.setdefault(row.tobytes(), row)

    for _ in range(DRAWS):
        rows = draw(width)
        good = is_text(rows)
        add(rows[good])
        others.append(rows[~good])
        if len(found) >= width:
            break
    else:
        add(mended(np.concatenate(others)))
    return np.array(list(found.values())[:width], dtype=np.int64).reshape(-1, len(ids))
