"""Captions say what is drawn, and nothing else."""

from __future__ import annotations

import re
from math import inf, nan

import numpy as np
import pytest

from verify.inline_svg import axes_alone
from verify.plotting import FONT_SIZE
from verify.tails.consequences import Sample, consequences_of
from verify.tails.report.consequence_pictures import cap_plot
from verify.tails.report.distribution import BEYOND, histogram, normal_quantiles
from verify.tails.report.drawing import Drawing
from verify.tails.report.tail_pictures import HILL, index_paths, mean_excess_plot
from verify.tails.summary import Summary
from verify.tails.verdict import Interval, Verdict

UNSURE = Verdict("cannot tell", None, Interval(nan, -inf, inf), None, 0, "few")
HEAVY = Verdict("heavy", "power law", Interval(0.3, 0.2, 0.4), None, 80, "test")


def drawn(drawing: Drawing) -> tuple[list[float], list[str]]:
    """Where upright lines stand, and what the legend names."""
    _, axes = axes_alone()
    drawing.draw(axes)
    lines = [each for each in axes.lines if len(set(each.get_xdata())) == 1]
    legend = axes.get_legend()
    names = [] if legend is None else [each.get_text() for each in legend.get_texts()]
    return [float(each.get_xdata()[0]) for each in lines], names


@pytest.mark.parametrize(
    ("far", "said"),
    [
        ([], "Every reward is in the picture."),
        ([99.0], "Outside the picture: 1 to the right."),
        ([-99.0, -98.0], "Outside the picture: 2 to the left."),
        ([-99.0, 98.0, 99.0], "Outside the picture: 1 to the left and 2 to the right."),
    ],
)
def test_what_the_histogram_leaves_out_is_counted(far: list[float], said: str) -> None:
    low, high = np.zeros(2), np.ones(2)
    rewards = np.concatenate([np.repeat([*low, *high], 2500), far])
    assert histogram(Summary.of(rewards), []).caption.endswith(said)


def test_low_outliers_do_not_flatten_the_normal_picture() -> None:
    """They are left out and counted; the largest rewards, which it is about, are all there."""
    rewards = np.random.default_rng(8).standard_normal(5000)
    rewards[:2] = -99.0, 40.0
    summary = Summary.of(rewards)
    picture = normal_quantiles(summary, summary.tail())
    _, axes = axes_alone()
    picture.draw(axes)
    heights = np.concatenate([np.asarray(each.get_ydata(), float) for each in axes.lines])
    assert heights.max() == 40.0 and heights.min() > -10
    left_out = int((rewards < summary.quantile(BEYOND)).sum())
    assert picture.caption.endswith(f"Outside the picture: {left_out} to the left.")
    assert normal_quantiles(Summary.of(rewards[2:500]), summary.tail()).caption.endswith(
        "Every reward is in the picture."
    )


def test_letters_can_be_read_on_a_phone() -> None:
    """The view box is in points; a phone gives it some 340 of its pixels."""
    rewards = np.random.default_rng(8).standard_normal(500)
    svg = histogram(Summary.of(rewards), []).svg()
    found = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    assert found is not None and FONT_SIZE * 340 / float(found.group(1)) > 10


def test_the_caption_of_the_index_names_what_is_drawn() -> None:
    rewards = np.random.default_rng(6).standard_t(3, 800)
    tail, below = (Summary.of(each).tail() for each in (rewards, rewards - 1e3))
    whole, hidden, few = (
        index_paths(*each) for each in ((tail, HEAVY), (below, HEAVY), (tail, UNSURE))
    )
    assert HILL in drawn(whole)[1] and "Hill" in whole.caption
    assert HILL not in drawn(hidden)[1] and "Hill" not in hidden.caption
    assert drawn(whole)[0] == [80] and "dotted k, corrected for bias" in whole.caption
    assert drawn(few)[0] == [] and "Grey" not in few.caption and "otted" not in few.caption


def test_without_a_threshold_none_is_marked() -> None:
    """At k = 0 it would be the largest reward, far from all that is drawn."""
    tail = Summary.of(np.random.default_rng(6).standard_t(3, 800)).tail()
    assert drawn(mean_excess_plot(tail, UNSURE))[0] == []
    assert drawn(mean_excess_plot(tail, HEAVY))[0] == [float(tail.values[80])]


def test_the_cap_is_marked_on_its_picture() -> None:
    rewards = np.random.default_rng(7).standard_t(2, 4000)
    found = consequences_of(Sample.of(rewards), HEAVY, (0.5, 1.0, 2.0, 4.0))
    places, names = drawn(cap_plot(found.clippings, found.cap))
    assert places == [found.cap.cap.value]
    assert names == ["KL budget 1", "KL budget 2", "KL budget 4"]
