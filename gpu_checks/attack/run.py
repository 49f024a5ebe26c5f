"""An attack from its models to its answer: a search for each seed, kept over interruptions."""

from __future__ import annotations

from dataclasses import asdict, replace
from math import fsum
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from gpu_checks.attack.objective import RewardObjective
from gpu_checks.attack.prefix_cache import CausalScorer
from gpu_checks.attack.price import base_mean, prices
from gpu_checks.attack.result import Attack, BaseSample, LogProb, Run, best_of
from gpu_checks.attack.search import Search
from gpu_checks.attack.settings import Settings
from gpu_checks.attack.state import State, load, save
from gpu_checks.attack.vocabulary import Vocabulary
from verify.errors import InputError
from verify.files import make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flint import fmpq

    from gpu_checks.models import BasePolicy, RewardModel
    from verify.laws.empirical_law import Empirical
    from verify.progress import Progress

#: Seconds between two times that the state is written: what an interruption costs at most.
SAVE_EVERY = 5.0


def attack(
    reward: RewardModel,
    prompt: str,
    settings: Settings,
    *,
    runs: int = 1,
    policy: BasePolicy | None = None,
    base: Empirical | None = None,
    base_files: Sequence[str] = (),
    shares: Sequence[fmpq] = (),
    prefix_cache: bool = True,
    rows: int | None = None,
    work_folder: str | None = None,
    progress: Progress | None = None,
) -> Attack:
    """Search for the answer of the highest reward, and price it.

    Parameters
    ----------
    reward : RewardModel
    prompt : str
        What the answers are to; may be empty.
    settings : Settings
        Of the first run; the others have the seeds after its.
    runs : int
        How many seeds.
    policy : BasePolicy, optional
        Whose log-probability of the best answer decides what forcing it costs.
    base : Empirical, optional
        Rewards of the policy's answers, against whose frontier the price is held.
    base_files : sequence of str
        Where they come from.
    shares : sequence of fmpq
        How often the answer is forced.
    prefix_cache : bool
        Whether the beginnings of candidates are read once, where the model allows it.
    rows : int, optional
        The most rows of a batch.
    work_folder : str, optional
        Where the state of each run is kept, and found again.
    progress : Progress, optional

    Returns
    -------
    Attack
    """
    vocabulary = Vocabulary(reward.tokenizer, len(reward.embedding), settings.ascii_only)
    reward.budget.rows = rows
    causal = CausalScorer.of(reward.network) if prefix_cache else None
    objective = RewardObjective(reward, prompt, vocabulary, causal)
    check_length(objective, settings.length)
    done = tuple(
        _run(objective, replace(settings, seed=settings.seed + place), work_folder, progress)
        for place in range(runs)
    )
    best = best_of(done)
    found = None
    if policy is not None:
        found = log_prob(policy, reward, prompt, best.state.best.ids, best.text)
    return Attack(
        reward.name,
        reward.fingerprint,
        prompt,
        str(reward.device),
        str(reward.dtype).removeprefix("torch."),
        objective.causal is not None,
        done,
        found,
        None
        if base is None
        else BaseSample(tuple(base_files), base.n, base_mean(base), float(base.values[-1])),
        () if found is None else tuple(prices(shares, found.value, best.reward, base)),
    )


def log_prob(
    policy: BasePolicy, reward: RewardModel, prompt: str, ids: Sequence[int], text: str
) -> LogProb:
    """The log-probability of an answer under the base policy.

    Parameters
    ----------
    policy : BasePolicy
    reward : RewardModel
        Whose tokens the answer is given in.
    prompt : str
    ids : sequence of int
        The answer.
    text : str
        Its text, which is read anew where the policy has another vocabulary.
    """
    shared = policy.tokenizer.get_vocab() == reward.tokenizer.get_vocab()
    answer = list(ids) if shared else policy.tokenizer(text, add_special_tokens=False)["input_ids"]
    if not answer:
        raise InputError(f"model {policy.name}: the best answer's text has no tokens of it")
    (of_tokens,) = policy.log_probs([policy.encode_prompt(prompt)], [answer])
    value = fsum(float(each) for each in of_tokens)
    tokens = tuple(int(each) for each in answer)
    return LogProb(policy.name, policy.fingerprint, value, tokens, shared)


def check_length(objective: RewardObjective, length: int) -> None:
    """Refuse answers that the model cannot read whole beside the prompt."""
    frame = objective.frame
    room = objective.reward.longest - len(frame.before) - len(frame.after)
    if length > room:
        raise InputError(
            f"model {objective.reward.name}: beside this prompt it reads {room} tokens of an "
            f"answer; {length} were asked for (--length)"
        )


def _run(
    objective: RewardObjective,
    settings: Settings,
    work_folder: str | None,
    progress: Progress | None,
) -> Run:
    what = {
        "settings": asdict(settings),
        "prompt": objective.prompt,
        "reward_model": objective.reward.fingerprint,
    }
    file = None
    if work_folder is not None:
        file = make_folder(work_folder) / f"attack_{settings.seed}.json"
    search = Search(objective, settings, None if file is None else load(file, what))
    written = monotonic()

    def after(state: State) -> None:
        nonlocal written
        if file is not None and (state.stopped or monotonic() - written >= SAVE_EVERY):
            save(file, what, state)
            written = monotonic()

    state = search.run(progress, after)
    ids = np.array(state.best.ids, dtype=np.int64)
    text = objective.text_of(ids)
    if text is None:
        text = objective.vocabulary.texts(ids[None])[0]
    (text_reward,) = objective.reward.score([objective.prompt], [text])
    return Run(settings, state, text, float(text_reward))
