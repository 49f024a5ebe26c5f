"""The three searches on objectives of known values; none has the faults of the official script."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.gpu_checks.attack.objectives import Table
from verify.errors import InputError

pytestmark = pytest.mark.gpu

METHODS = ("acg", "gcg", "random")


def settings(method: str = "acg", steps: int = 40, **others: object):  # type: ignore[no-untyped-def]
    from gpu_checks.attack.schedule import geometric
    from gpu_checks.attack.settings import Settings

    given = Settings(
        method=method,
        length=6,
        edits=geometric(3, 1, steps),
        width=16,
        top_k=4,
        merges=4,
        history=3,
    )
    return replace(given, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_the_best_of_all_that_was_scored_is_returned(method: str) -> None:
    """Not the last state: the coupled objective leads plain GCG down again and again."""
    from gpu_checks.attack.search import Search

    objective = Table(6, 30, seed=3, coupling=0.4)
    state = Search(objective, settings(method)).run()
    assert state.best.reward == max(objective.scored.values())
    assert objective.scored[state.best.ids] == state.best.reward
    rewards = [reward for _, _, reward in state.trace]
    assert rewards[-1] == state.best.reward and all(a < b for a, b in pairwise(rewards))
    if method == "gcg":  # the fault is there to be had: what it stands on last is worse
        assert state.parent.reward < state.best.reward


@pytest.mark.parametrize("method", ("acg", "random"))
def test_worse_states_are_not_gone_on_to(method: str) -> None:
    """The official script goes on to the best candidate even where all are worse."""
    from gpu_checks.attack.search import Search

    objective = Table(6, 30, seed=5, coupling=0.4)
    Search(objective, settings(method, patience=10**6)).run()
    stood_on = [objective.scored[ids] for ids in objective.parents]
    assert all(a <= b for a, b in pairwise(stood_on))

    planted = Table(6, 30, seed=5, coupling=0.4)
    Search(planted, settings("gcg")).run()
    stood_on = [planted.scored[ids] for ids in planted.parents]
    assert any(a > b for a, b in pairwise(stood_on))


def test_the_top_is_found_where_the_gradient_leads_there() -> None:
    from gpu_checks.attack.search import Search

    objective = Table(6, 30)
    for method in ("acg", "gcg"):
        state = Search(objective, settings(method, steps=60)).run()
        assert state.best.reward == pytest.approx(objective.top, rel=1e-12)


def test_another_state_has_its_turn_after_edits_in_vain() -> None:
    from gpu_checks.attack.search import Search

    objective = Table(6, 30)
    Search(objective, settings(steps=80, patience=2)).run()
    ended = objective.parents[-10:]
    assert len(set(ended)) == 3  # the top cannot be bettered: the others of the history too


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_finds_the_same(method: str) -> None:
    from gpu_checks.attack.search import Search

    runs = [Search(Table(6, 30), settings(method, seed=seed)).run() for seed in (1, 1, 2)]
    assert runs[0].to_dict() == runs[1].to_dict() != runs[2].to_dict()


@pytest.mark.parametrize("method", METHODS)
def test_a_search_that_was_cut_off_goes_on_as_if_it_was_not(method: str, tmp_path: Path) -> None:
    from gpu_checks.attack.search import Search
    from gpu_checks.attack.state import State, load, save

    class Cut(Exception):
        pass

    file, what = tmp_path / "state.json", {"seed": 0}

    def cut(state: State) -> None:
        save(file, what, state)
        if state.step == 17:
            raise Cut

    whole = Search(Table(6, 30, coupling=0.4), settings(method)).run()
    with pytest.raises(Cut):
        Search(Table(6, 30, coupling=0.4), settings(method)).run(after=cut)
    resumed = Search(Table(6, 30, coupling=0.4), settings(method), load(file, what))
    assert resumed.state.step == 17
    assert resumed.run().to_dict() == whole.to_dict()


def test_the_state_of_another_search_is_refused(tmp_path: Path) -> None:
    from gpu_checks.attack.search import Search
    from gpu_checks.attack.state import load, save

    file = tmp_path / "state.json"
    assert load(file, {"seed": 0}) is None
    save(file, {"seed": 0}, Search(Table(6, 30), settings(steps=1)).run())
    with pytest.raises(InputError, match=r"another search \(seed differ\)"):
        load(file, {"seed": 1})
    file.write_text("{")
    with pytest.raises(InputError, match="expected a state of this command"):
        load(file, {"seed": 0})


def test_each_reason_to_stop() -> None:
    from gpu_checks.attack.search import Search

    def stopped(**others: object) -> tuple[str | None, int]:
        state = Search(Table(6, 30), settings(steps=30, **others)).run()
        return state.stopped, state.step

    assert stopped() == ("steps", 30)
    assert stopped(stall=3)[0] == "stall"
    assert stopped(target=-100.0) == ("target", 0)
    assert stopped(target=5.0)[0] == "target"
    assert stopped(passes=100)[0] == "passes" and stopped(passes=100)[1] < 8


@pytest.mark.parametrize("method", METHODS)
def test_forward_passes_are_counted(method: str) -> None:
    from gpu_checks.attack.search import Search

    class Counted(Table):
        passes = 0

        def values(self, rows, parent=None):  # type: ignore[no-untyped-def]
            self.passes += len(rows)
            return super().values(rows, parent)

        def gradient(self, ids):  # type: ignore[no-untyped-def]
            self.passes += 3
            return super().gradient(ids)

    objective = Counted(6, 30, coupling=0.4)
    state = Search(objective, settings(method, patience=10**6)).run()
    assert state.passes == objective.passes > 0


def test_rewards_that_are_no_numbers_are_passed_over() -> None:
    from gpu_checks.attack.search import Search

    class Holes(Table):
        share = 0.5

        def values(self, rows, parent=None):  # type: ignore[no-untyped-def]
            found = super().values(rows, parent)
            found[: int(len(found) * self.share)] = np.nan
            return found

    state = Search(Holes(6, 30), settings()).run()
    assert np.isfinite(state.best.reward) and state.step == 40
    Holes.share = 1.0
    with pytest.raises(InputError, match="no reward of a whole step"):
        Search(Holes(6, 30), settings())


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"method": "hill"}, "method: expected acg or gcg or random, got 'hill'"),
        ({"width": 0}, "width: expected 1 or more, got 0"),
        ({"merges": 16}, "fewer than the 16 candidates of a step, got 16"),
        ({"edits": (7,)}, "from 1 to 6 edits a step"),
        ({"edits": ()}, "at least one step"),
        ({"passes": 0}, "passes: expected 1 or more"),
        ({"target": float("nan")}, "target: expected a reward, got nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(others: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        settings(**others)
