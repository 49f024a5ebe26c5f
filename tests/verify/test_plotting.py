"""Pictures that matplotlib cannot draw: one line, and no file."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from verify.errors import InputError
from verify.plotting import write_figure


def test_axes_longer_than_any_float_are_refused(tmp_path: Path) -> None:
    def draw() -> Figure:
        figure = Figure()
        figure.subplots().set_ylim(0, float("inf"))
        return figure

    path = tmp_path / "far.png"
    with pytest.raises(InputError, match="--plot: this cannot be drawn: ") as refused:
        write_figure(str(path), "png", draw, "")
    assert "\n" not in str(refused.value) and not path.exists()
