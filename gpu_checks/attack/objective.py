"""The reward of an answer inside its chat template, as a function of the answer's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gpu_checks.attack.prefix_cache import CausalScorer
from gpu_checks.attack.vocabulary import Vocabulary
from gpu_checks.devices import batched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu_checks.models.reward import RewardModel

    Rows = NDArray[np.int64]

#: Answers that tell what of an input is not the answer: they begin and end in different tokens.
PROBES = ("alpha", "9 times?", "The end")

#: Tokens of the random answers that tell whether a trunk is causal.
PROBE_LENGTH = 16


@dataclass(frozen=True)
class Frame:
    """The tokens around an answer: the template's, and those of the prompt.

    Attributes
    ----------
    before, after : tuple of int
    """

    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, reward: RewardModel, prompt: str) -> Frame:
        """What the inputs of several answers to one prompt have in common at their ends."""
        inputs = [reward.encode(prompt, answer) for answer in PROBES]
        before = _common(inputs)
        after = _common([ids[len(before) :][::-1] for ids in inputs])
        return cls(tuple(before), tuple(reversed(after)))

    def around(self, rows: Rows) -> Rows:
        """Whole inputs, shape (n, length of the frame and an answer)."""
        whole = np.empty((len(rows), len(self.before) + rows.shape[1] + len(self.after)), np.int64)
        whole[:, : len(self.before)] = self.before
        whole[:, len(self.before) : whole.shape[1] - len(self.after)] = rows
        whole[:, whole.shape[1] - len(self.after) :] = self.after
        return whole


class RewardObjective:
    """The reward of answers to one prompt.

    Parameters
    ----------
    reward : RewardModel
    prompt : str
        May be empty.
    vocabulary : Vocabulary
        What answers may be made of.
    causal : CausalScorer, optional
        The parts of the model, by default found in it. They are used if what they say of a random
        answer agrees with the model; None: not used.
    """

    def __init__(
        self,
        reward: RewardModel,
        prompt: str,
        vocabulary: Vocabulary,
        causal: CausalScorer | None,
    ) -> None:
        self.reward, self.prompt, self.vocabulary = reward, prompt, vocabulary
        self.frame = Frame.of(reward, prompt)
        self.causal = causal if causal is not None and self._reads_in_parts(causal) else None
        self._read: tuple[bytes, Any] | None = None

    def values(self, rows: Rows, parent: Rows | None = None) -> NDArray[np.float64]:
        """Rewards of answers.

        Parameters
        ----------
        rows : array of int, shape (n, length)
        parent : array of int, shape (length,), optional
            An answer that they share tokens with. Where the trunk is causal, what comes before the
            first other token is computed once.

        Returns
        -------
        array of float64, shape (n,)
        """
        whole = self.frame.around(rows)
        if self.causal is None or parent is None:
            return np.asarray(self.reward.score_ids(whole.tolist()), dtype=np.float64)
        start = self.frame.around(parent[None])[0]
        read, shared = self._read_once(start), _shared(whole, start)
        found = np.empty(len(rows))

        def run(batch: list[int]) -> NDArray[np.float64]:
            return self._of_batch(whole[batch], read, int(shared[batch].min()))

        for batch, values in batched((whole.shape[1] - shared).tolist(), run, self.reward.budget):
            found[batch] = values
        return found

    def gradient(self, ids: Rows) -> torch.Tensor:
        """The gradient of the reward to the one-hot tokens of an answer.

        A token's one-hot vector times the embedding matrix is what the model reads: the gradient
        to it is the gradient to that, times the matrix transposed.

        Returns
        -------
        tensor, shape (length, vocabulary)
        """
        whole = torch.as_tensor(self.frame.around(ids[None]), device=self.reward.device)
        matrix = self.reward.embedding
        with torch.enable_grad():
            embedded = matrix[whole].detach().requires_grad_()
            reward = self.reward.score_embeddings(embedded, torch.ones_like(whole))
            (slope,) = torch.autograd.grad(reward.sum(), embedded)
        first = len(self.frame.before)
        return slope[0, first : first + len(ids)] @ matrix.detach().T

    def text_of(self, ids: Rows) -> str | None:
        """The text for which the model reads these tokens; None where there is none.

        A template that ends in a space may have given it to the answer's first token.
        """
        whole: list[int] = self.frame.around(ids[None])[0].tolist()
        text = self.vocabulary.texts(ids[None])[0]
        for each in (text, text.removeprefix(" ")):
            if self.reward.encode(self.prompt, each) == whole:
                return each
        return None

    def _of_batch(self, whole: Rows, read: Any, shared: int) -> NDArray[np.float64]:
        assert self.causal is not None
        rest = torch.as_tensor(whole[:, shared:], device=self.reward.device)
        found: NDArray[np.float64] = self.causal.values(read, shared, rest).double().cpu().numpy()
        return found

    def _read_once(self, start: Rows) -> Any:
        assert self.causal is not None
        key = start.tobytes()
        if self._read is None or self._read[0] != key:
            ids = torch.as_tensor(start, device=self.reward.device)
            self._read = key, self.causal.read(ids)
        return self._read[1]

    def _reads_in_parts(self, causal: CausalScorer) -> bool:
        rng = np.random.default_rng(0)
        drawn = self.vocabulary.ids[rng.integers(0, len(self.vocabulary.ids), (2, PROBE_LENGTH))]
        one, other = self.frame.around(drawn)
        middle = len(one) // 2
        whole = self.reward.score_ids([[*other[:middle], *one[middle:]]])
        device = self.reward.device
        first, second = torch.as_tensor(one, device=device), torch.as_tensor(other, device=device)
        return causal.agrees(first, second, float(whole[0]))


def _shared(whole: Rows, start: Rows) -> Rows:
    """For each row, how many tokens it begins with like another: one less than all at most."""
    differs = whole != start
    first: Rows = np.where(differs.any(axis=1), differs.argmax(axis=1), len(start))
    return np.minimum(first, len(start) - 1)


def _common(rows: Sequence[Sequence[int]]) -> list[int]:
    """The tokens that all rows begin with."""
    found = []
    for tokens in zip(*rows, strict=False):
        if len(set(tokens)) > 1:
            break
        found.append(tokens[0])
    return found
