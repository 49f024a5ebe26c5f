"""Draws from laws of the catalogue by torch's generators, on the device of the generator."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch

from verify.affine import Affine
from verify.errors import InputError
from verify.law import Law
from verify.laws.gaussian import Normal
from verify.laws.light import Exponential, Laplace
from verify.laws.power import Pareto
from verify.laws.stretched import Lognormal, Weibull
from verify.laws.student import StudentT

#: So many independent float64 draws, on the generator's device.
Draw = Callable[[int, torch.Generator], torch.Tensor]

#: Student's t with more degrees of freedom would take as many normal draws.
MOST_DEGREES = 16


def drawing(law: Law) -> Draw:
    """What draws from a law.

    Parameters
    ----------
    law : Law
        Normal, exponential, Laplace, lognormal, Weibull, Pareto, Student's t with a whole number of
        degrees of freedom, or one of them shifted and scaled.

    Raises
    ------
    InputError
        If it is another law.
    """
    match law:
        case Affine():
            base, shift, scale = drawing(law.base), _float(law.shift), _float(law.scale)
            return lambda size, generator: base(size, generator).mul_(scale).add_(shift)
        case Normal():
            mu, sigma = _float(law.mu), _float(law.sigma)
            return lambda size, generator: _normal(size, generator).mul_(sigma).add_(mu)
        case Lognormal():
            mu, sigma = _float(law.mu), _float(law.sigma)
            return lambda size, generator: _normal(size, generator).mul_(sigma).add_(mu).exp_()
        case Exponential():
            return _exponential
        case Laplace():
            return lambda size, generator: _exponential(size, generator).sub_(
                _exponential(size, generator)
            )
        case Weibull():
            power = 1 / _float(law.shape)
            return lambda size, generator: _exponential(size, generator).pow_(power)
        case Pareto():
            power, least = 1 / _float(law.alpha), _float(law.scale)
            return lambda size, generator: (
                _exponential(size, generator).mul_(power).exp_().mul_(least)
            )
        case StudentT() if law.df == int(_float(law.df)) <= MOST_DEGREES:
            degrees = int(_float(law.df))
            return lambda size, generator: _student(size, generator, degrees)
    raise InputError(
        f"{law}: expected normal, exponential, laplace, lognormal, weibull, pareto or student_t "
        f"with up to {MOST_DEGREES} whole degrees of freedom, shifted and scaled at will"
    )


def _normal(size: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(size, generator=generator, device=generator.device, dtype=torch.float64)


def _exponential(size: int, generator: torch.Generator) -> torch.Tensor:
    empty = torch.empty(size, device=generator.device, dtype=torch.float64)
    return empty.exponential_(generator=generator)


def _student(size: int, generator: torch.Generator, degrees: int) -> torch.Tensor:
    """A normal over the root of a mean of squares of others."""
    squares = torch.zeros(size, device=generator.device, dtype=torch.float64)
    for _ in range(degrees):
        squares.add_(_normal(size, generator).square_())
    return _normal(size, generator).div_(squares.div_(degrees).sqrt_())


def _float(value: Any) -> float:
    return float(Fraction(int(value.p), int(value.q)))
