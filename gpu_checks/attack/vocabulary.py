"""Which tokens an answer may have, and whether its text has these tokens again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

#: Random texts that are tried as a beginning.
STARTS = 100


class Vocabulary:
    """The tokens of a reward model that an answer may have.

    Special tokens are none of them: a user's text cannot have them. Nor are rows of the embedding
    that no token has.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
    size : int
        Rows of the embedding.
    ascii_only : bool
        Whether tokens with other than printable ASCII are left out too.
    """

    def __init__(self, tokenizer: Any, size: int, ascii_only: bool = False) -> None:
        self.tokenizer, self.size, self.ascii_only = tokenizer, size, ascii_only

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """By id, whether an answer may have the token; shape (size,)."""
        found = np.zeros(self.size, dtype=bool)
        found[: min(self.size, len(self.tokenizer))] = True
        special = {*self.tokenizer.all_special_ids, *self.tokenizer.get_added_vocab().values()}
        found[[each for each in special if each < self.size]] = False
        if self.ascii_only:
            ids = np.flatnonzero(found)
            for token, text in zip(ids, self.texts(ids[:, None]), strict=True):
                found[token] = text.isascii() and text.isprintable()
        if found.sum() < 2:
            raise InputError("the tokenizer: expected at least two tokens that an answer may have")
        return found

    @cached_property
    def ids(self) -> Rows:
        """The ids that are allowed, in increasing order."""
        return np.flatnonzero(self.allowed)

    def texts(self, rows: Rows) -> list[str]:
        """The texts of answers."""
        if not len(rows):
            return []
        found: list[str] = self.tokenizer.batch_decode(
            rows.tolist(), clean_up_tokenization_spaces=False
        )
        return found

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of texts, without special ones."""
        if not texts:
            return []
        found: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return found

    def is_text(self, rows: Rows) -> NDArray[np.bool_]:
        """Which rows are the tokens that their text has."""
        again = self.encode(self.texts(rows))
        return np.array(
            [one == other for one, other in zip(rows.tolist(), again, strict=True)], dtype=bool
        )

    def mended(self, rows: Rows) -> Rows:
        """The tokens that the texts of rows have, cut to the same length.

        Left out are those that are shorter, have a token that is not allowed, or are no text's
        tokens where they were cut.
        """
        length = rows.shape[1]
        tokens = [each[:length] for each in self.encode(self.texts(rows))]
        whole = [each for each in tokens if len(each) == length and self.allowed[each].all()]
        found: Rows = np.array(whole, dtype=np.int64).reshape(-1, length)
        return found[self.is_text(found)]

    def start(self, length: int, rng: np.random.Generator, retokenise: bool) -> Rows:
        """A random answer.

        Raises
        ------
        InputError
            If no random text has that many tokens and the same ones again.
        """
        if not retokenise:
            start: Rows = self.ids[rng.integers(0, len(self.ids), size=length)]
            return start
        for _ in range(STARTS):
            # Texts of random tokens have a few tokens more or less: the longer are cut.
            drawn = self.ids[rng.integers(0, len(self.ids), size=(1, 2 * length))]
            tokens = self.encode(self.texts(drawn))[0][:length]
            if len(tokens) == length and len(found := self.mended(np.array([tokens]))):
                start = found[0]
                return start
        raise InputError(
            f"no random text of {length} tokens has the same tokens again: try another length, or "
            "all tokens (--any-tokens)"
        )
