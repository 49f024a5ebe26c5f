"""Answers of a base policy with a proxy and a gold score each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from verify.errors import InputError
from verify.law import Law
from verify.tails.reading import open_scores
from verify.tails.rows import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Answers to each prompt at least, if the best is chosen prompt by prompt.
FEWEST = 2
#: Scores are at most so large: their squares, and sums of those, stay within float64.
LARGEST = 1e75


@dataclass(frozen=True, eq=False)
class ScoredAnswers:
    """Independent answers of the base policy, scored twice.

    Attributes
    ----------
    proxy, gold : array of shape (answers,)
        What the best is chosen by, and what it is worth.
    prompt : array of shape (answers,), or None
        For each answer the number of its prompt, from 0 on; None if all are draws of one law.
    files : tuple of str
        Where they were read.
    columns : dict
        From ``proxy``, ``gold`` and ``prompt`` to the names of columns.
    planted : str or None
        The law of the error, where the proxy is the gold score with an error drawn from a law.
    left_out : int
        Answers without a gold score, which are in neither array.
    """

    proxy: Floats
    gold: Floats
    prompt: Ints | None = None
    files: tuple[str, ...] = ()
    columns: dict[str, str] | None = None
    planted: str | None = None
    left_out: int = 0

    def __post_init__(self) -> None:
        import numpy as np

        if len(self.proxy) < FEWEST or len(self.proxy) != len(self.gold):
            raise InputError(
                f"{self.where}: {len(self.proxy)} proxy and {len(self.gold)} gold scores; "
                f"expected as many of the one as of the other, {FEWEST} or more"
            )
        for name, scores in (("proxy", self.proxy), ("gold", self.gold)):
            if not (np.abs(scores) <= LARGEST).all():  # which nan is not either
                raise InputError(
                    f"{self.where}: a {name} score is not a number of size {LARGEST:g} at most"
                )

    @property
    def where(self) -> str:
        """What messages call them."""
        return self.files[0] if self.files else "answers"

    def groups(self) -> list[Ints]:
        """The rows of each prompt; one group of all rows where there are no prompts."""
        import numpy as np

        if self.prompt is None:
            return [np.arange(len(self.proxy))]
        order = np.argsort(self.prompt, kind="stable")
        _, starts = np.unique(self.prompt[order], return_index=True)
        return list(np.split(order, starts[1:]))

    def pooled(self) -> ScoredAnswers:
        """The same answers as draws of one law, whatever their prompts."""
        return replace(self, prompt=None)

    def with_error(self, law: Law, text: str, seed: int) -> ScoredAnswers:
        """The same answers with ``gold + error`` as the proxy, errors drawn independently.

        Parameters
        ----------
        law : Law
            Of the error.
        text : str
            How the user wrote it.
        seed : int
            Of the draws.
        """
        import numpy as np

        # A child of its own: gold scores that were made with the same seed are other draws.
        (rng,) = np.random.default_rng(seed).spawn(1)
        errors = law.sample(len(self.gold), rng)
        return replace(self, proxy=self.gold + errors, planted=text)


def read_answers(
    paths: Sequence[str],
    proxy: str | None = None,
    gold: str | None = None,
    prompt: str | None = None,
    planted: bool = False,
) -> ScoredAnswers:
    """Read scored answers.

    Parameters
    ----------
    paths : sequence of str
        Files or folders as ``goodhart audit`` reads them.
    proxy, gold, prompt : str, optional
        Names of columns; those that are not given are looked for under the usual names. A prompt
        column ``none``: answers are draws of one law.
    planted : bool
        Whether there is no proxy yet: the gold score stands in its place.

    Raises
    ------
    InputError
        One line: a file cannot be read, a column is missing, or a prompt has a single answer.
    """
    import numpy as np

    if planted:
        # Beside a column of gold scores, one of proxy scores is not the one that is looked for.
        named = gold
        if named is None:
            named = open_scores(paths, None, prompt, option="--gold").columns.utility
        scores = open_scores(paths, named, prompt, "none", option="--gold")
    else:
        scores = open_scores(paths, proxy, prompt, gold, option="--proxy")
        if scores.columns.utility is None:
            raise InputError(
                f"{scores.files[0]}: no column of gold scores; name it by --gold, or plant an "
                "error by --planted LAW"
            )
    rows = Rows.of(scores)
    golds = rows.reward if rows.utility is None else rows.utility
    kept = np.isfinite(golds)
    first = ", ".join(scores.columns.reward)
    columns = {"gold" if planted else "proxy": first}
    if scores.columns.utility is not None:
        columns["gold"] = scores.columns.utility
    if scores.columns.prompt is not None:
        columns["prompt"] = scores.columns.prompt
    answers = ScoredAnswers(
        rows.reward[kept],
        golds[kept],
        None if rows.prompt is None else rows.prompt[kept],
        scores.files,
        columns,
        left_out=int(len(kept) - kept.sum()),
    )
    _check_prompts(answers)
    return answers


def _check_prompts(answers: ScoredAnswers) -> None:
    if answers.prompt is None:
        return
    fewest = min(len(rows) for rows in answers.groups())
    if fewest < FEWEST:
        raise InputError(
            f"{answers.where}: a prompt has a single answer, so there is no best of 2 for it; "
            "--prompt none takes all answers as draws of one law"
        )
