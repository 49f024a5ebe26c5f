"""Sums of a product of two powers over a lattice, far out: expansions with a bound of the error.

Let ``f(x) = x^-a h(x)``, h analytic for Re x > 0 up to where its other factor is singular, and
``x_i = u + i`` for i = 0, 1, ..., ``0 < u <= 1``. Take d terms of ``h = h_0 + h_1 x + ...`` away.
If d > a, what is left, ``g(x) = x^(d-a) r(x)``, vanishes at 0. By the Abel-Plana formula the sum of
``g(x_i)`` over the points below some c is ``int_0^c g``, a term of the line Re x = c, and a term of
the imaginary axis of at most ``2 int_0^oo |g(iy)|/(exp(2 pi y) - 1) dy``.

The same holds for each ``x^(j-a)``, with ``zeta(a - j, u)`` (Hurwitz) for the last term: it does
where the sum over all points converges, and is continued to all other exponents. For a - j = 1 it
is the finite part, ``-psi(u)``, as the integral of 1/x is log c then.

*Facing*: ``h(x) = (Z - x)^-b``, and Z - x runs over ``w + i`` as well. For the points above c the
same is done from the other end, and the two terms of the line are opposite. So the sum over all
points is ::

    Z^(1-a-b) fp int_0^1 t^-a (1 - t)^-b dt
      + sum over j of binomial(b+j-1, j) zeta(a-j, u) Z^(-b-j)
      + sum over j of binomial(a+j-1, j) zeta(b-j, w) Z^(-a-j),

with the finite part of the integral of f, which has a multiple of ``log Z`` where a or b is whole.

*Opposed*: ``h(x) = (Z + x)^-b``, over all points. There is one end, ::

    Z^(1-a-b) fp int_0^oo t^-a (1 + t)^-b dt
      + sum over j of (-1)^j binomial(b+j-1, j) zeta(a-j, u) Z^(-b-j).

*The error.* On the imaginary axis the d-th derivative of h over d! is largest at 0, so
``|g(iy)| <= binomial(b+d-1, d) Z^(-b-d) y^(d-a)``. So an end has an error of at most
``2 binomial(b+d-1, d) Gamma(d-a+1) zeta(d-a+1)/(2 pi)^(d-a+1) Z^(-b-d)``, for real Z > 0: the sum
is a combination of powers of Z but for what is less than a power. What is summed over Z + 1,
Z + 2, ... is the same one of Hurwitz zeta functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from flint import arb, arb_poly, arb_series, ctx, fmpq

from verify.enclosure import working_precision
from verify.taylor_series import series_length

#: Terms of an end at most, beyond its exponent.
MOST_TERMS = 48
#: Factors are made with so many times the working precision: zeta functions of numbers far below 0,
#: and sums whose terms cancel.
SPARE = 3


class End(NamedTuple):
    """What one end of the lattice gives: ``sum of c_j Z^(-power-j)``.

    Attributes
    ----------
    power : fmpq
        The first exponent.
    coefficients : tuple of arb
        The ``c_j``.
    errors : tuple of arb
        For each number d of terms the factor of ``Z^(-power-d)`` in its bound; infinite where
        there is none.
    """

    power: fmpq
    coefficients: tuple[arb, ...]
    errors: tuple[arb, ...]


class Term(NamedTuple):
    """``factor Z^-power``."""

    power: fmpq
    factor: arb


@dataclass(frozen=True)
class PowerSum:
    """``sum of c Z^-e + c' Z^-e' log Z``, but for an error that is at most ``sum of b Z^-e``.

    Attributes
    ----------
    terms : tuple of Term
        The powers.
    logarithm : Term
        The one with a logarithm.
    errors : tuple of Term
        The bounds.
    """

    terms: tuple[Term, ...]
    logarithm: Term
    errors: tuple[Term, ...]

    # ---- values -----------------------------------------------------------------------------

    def above(self, z: arb) -> arb:
        """The sum over ``Z + 1, Z + 2, ...``; NaN: infinite."""
        if any(power <= 1 for power, _ in (*self.terms, self.logarithm)):
            return arb.nan()
        total = sum((c * arb(power).zeta(z + 1) for power, c in self.terms), arb(0))
        power, c = self.logarithm
        if c != 0:
            total -= c * _zeta_slope(power, z + 1)[1]
        return total + arb(0, self.above_error(z))

    def error(self, z: arb) -> arb:
        """A bound of the error, from Z on."""
        return sum((c * _power(z, power) for power, c in self.errors), arb(0)).upper()

    def above_error(self, z: arb) -> arb:
        """A bound of the sum of the errors at ``Z + 1, Z + 2, ...``."""
        return sum((c * arb(power).zeta(z + 1) for power, c in self.errors), arb(0)).upper()

    # ---- Taylor polynomials -----------------------------------------------------------------

    def series(self, z: arb, half: arb, count: int) -> arb_poly:
        """The Taylor polynomial of so many terms in y, at ``Z + half y``; without the error."""
        quotient, rows = half / z, [arb(0)] * count
        for power, c in self.terms:
            term, exponent = c * _power(z, power), arb(power)
            for i in range(count):
                rows[i] += term
                term = term * quotient * (exponent + i) / -(i + 1)
        return arb_poly(rows) + self._logarithm_series(z, half, count)

    def _logarithm_series(self, z: arb, half: arb, count: int) -> arb_poly:
        power, c = self.logarithm
        if c == 0:
            return arb_poly([])
        with series_length(count):
            log = arb_series([z, half], prec=count).log()
            return arb_poly(((log * arb(-power)).exp() * log * c).coeffs())

    def above_series(self, z: arb, half: arb, count: int) -> arb_poly:
        """That of the sum over ``Z + 1, Z + 2, ...``."""
        zetas: dict[tuple[int, int], arb] = {}
        rows = [arb(0)] * count
        for power, c in self.terms:
            factor, exponent, key = c, arb(power), (int(power.p), int(power.q))
            for i in range(count):
                if key not in zetas:
                    zetas[key] = exponent.zeta(z + 1)
                rows[i] += factor * zetas[key]
                factor = factor * half * exponent / -(i + 1)
                exponent, key = exponent + 1, (key[0] + key[1], key[1])
        power, c = self.logarithm
        if c != 0:
            # Z^-e log Z is minus the derivative of Z^-e by e.
            factors = arb_series([-c, 0], prec=2)
            for i in range(count):
                slope = _zeta_slope(power + i, z + 1)
                rows[i] += factors[0] * slope[1] + factors[1] * slope[0]
                factors = factors * arb_series([-power - i, -1], prec=2) * (half / (i + 1))
        return arb_poly(rows)

    # ---- bounds on discs --------------------------------------------------------------------

    def size(self, low: arb, high: arb) -> arb:
        """A bound where Re Z is at least low and ``|Z|`` at most high, ``1 <= low``."""
        total = sum((abs(c) * _power(low, power) for power, c in self.terms), arb(0))
        power, c = self.logarithm
        total += abs(c) * _power(low, power) * (low.log() + _room(low, high))
        return total.upper()

    def above_size(self, low: arb, high: arb) -> arb:
        """The same of the sum over ``Z + 1, Z + 2, ...``."""
        total = sum((abs(c) * arb(power).zeta(low + 1) for power, c in self.terms), arb(0))
        power, c = self.logarithm
        if c != 0:
            value, slope = _zeta_slope(power, low + 1)
            total += abs(c) * (_room(low, high) * value - slope)
        return total.upper()


@dataclass(frozen=True)
class FarSum:
    """An expansion with as many terms of its ends as may be needed.

    Attributes
    ----------
    ends : tuple of End
        One or two.
    middle, logarithm : Term
        What the integral between gives.
    """

    ends: tuple[End, ...]
    middle: Term
    logarithm: Term

    def to(self, z: arb, bits: int) -> PowerSum | None:
        """As few terms as make the error, from Z on, a share of ``2^-bits``; None: it is too large.

        Of the first term of an end, the larger one of the two.
        """
        size = arb(0)
        for end in self.ends:
            size = size.max(abs(end.coefficients[0]) * _power(z, end.power))
        goal = size * arb(2) ** -bits
        terms, errors = [self.middle], []
        for power, coefficients, bounds in self.ends:
            for d, bound in enumerate(bounds):
                if bound * _power(z, power + d) < goal:
                    break
            else:
                return None
            terms += [Term(power + j, c) for j, c in enumerate(coefficients[:d])]
            errors.append(Term(power + d, bound))
        return PowerSum(tuple(terms), self.logarithm, tuple(errors))

    def times(self, factor: arb) -> FarSum:
        """A multiple by a number above 0."""
        ends = tuple(
            End(power, tuple(c * factor for c in row), tuple(c * factor for c in bounds))
            for power, row, bounds in self.ends
        )
        middle, logarithm = (
            Term(t.power, t.factor * factor) for t in (self.middle, self.logarithm)
        )
        return FarSum(ends, middle, logarithm)


def facing(a: fmpq, b: fmpq, u: fmpq, w: fmpq) -> FarSum:
    """``sum of x^-a (Z - x)^-b`` over the x in ``u + {0, 1, ...}``, with Z - x in ``w + {0, ...}``.

    Parameters
    ----------
    a, b : fmpq
        The exponents, above 0.
    u, w : fmpq
        Where the points begin, above 0 and at most 1.
    """
    bits, half = ctx.prec, fmpq(1, 2)
    whole = _partial(a, b, half, +1, bits) + _partial(b, a, half, +1, bits)
    logarithm = _residue(a, b, +1) + _residue(b, a, +1)
    ends = _end(a, b, u, +1, bits), _end(b, a, w, +1, bits)
    return FarSum(ends, Term(a + b - 1, whole), Term(a + b - 1, logarithm))


def opposed(a: fmpq, b: fmpq, u: fmpq) -> FarSum:
    """``sum of x^-a (Z + x)^-b`` over the x in ``u + {0, 1, ...}``; a + b is above 1."""
    bits = ctx.prec
    # From 1/2 on with 1/(1 + t) for t.
    near, far = (a, b, fmpq(1, 2), -1), (2 - a - b, a, fmpq(2, 3), +1)
    whole = _partial(*near, bits) + _partial(*far, bits)
    logarithm = _residue(a, b, -1)
    return FarSum((_end(a, b, u, -1, bits),), Term(a + b - 1, whole), Term(a + b - 1, logarithm))


def _power(z: arb, power: fmpq) -> arb:
    return (-arb(power) * z.log()).exp()


def _zeta_slope(power: fmpq, z: arb) -> arb_series:
    """``zeta(e, Z)`` and its derivative by e."""
    found: arb_series = arb_series([arb(power), 1], prec=2).zeta(z)
    return found


def _room(low: arb, high: arb) -> arb:
    """A bound of ``|log Z| - log(Re Z)``: the argument is below pi/2."""
    return (high / low).log() + arb.pi() / 2


def _binomials(b: fmpq, sign: int, count: int) -> list[arb]:
    """``sign^j binomial(b + j - 1, j)``, of ``(1 - sign t)^-b``."""
    found = [arb(1)]
    for j in range(count - 1):
        found.append(found[-1] * arb(sign * (b + j) / (j + 1)))
    return found


@lru_cache(maxsize=2048)
def _end(a: fmpq, b: fmpq, u: fmpq, sign: int, bits: int) -> End:
    """What the end at 0 gives, for ``h(x) = (Z - sign x)^-b``, to a working precision."""
    count = int(a.ceil()) + MOST_TERMS
    errors = []
    with working_precision(SPARE * bits):
        binomials = _binomials(b, sign, count + 1)
        coefficients = [c * _hurwitz(a - j, u) for j, c in enumerate(binomials[:-1])]
        for d, c in enumerate(binomials):
            power, bound = arb(d - a + 1), arb.pos_inf()
            if d > a:
                bound = 2 * abs(c) * power.gamma() * power.zeta() / (2 * arb.pi()) ** power
            errors.append(bound.upper())
    with working_precision(bits):
        return End(b, tuple(+c for c in coefficients), tuple(+bound for bound in errors))


def _hurwitz(s: fmpq, u: fmpq) -> arb:
    """``zeta(s, u)``; for s = 1 its finite part."""
    return -arb(u).digamma() if s == 1 else arb(s).zeta(arb(u))


def _residue(a: fmpq, b: fmpq, sign: int) -> arb:
    """The coefficient of 1/x in ``x^-a (1 - sign x)^-b``."""
    return _binomials(b, sign, int(a))[-1] if a.q == 1 and a >= 1 else arb(0)


@lru_cache(maxsize=256)
def _partial(a: fmpq, b: fmpq, end: fmpq, sign: int, bits: int) -> arb:
    """``fp int_0^end t^-a (1 - sign t)^-b dt``, by the series of the second factor."""
    with working_precision(SPARE * bits):
        total, goal, j = arb(0), arb(2) ** (-2 * bits), 0
        c, power = arb(1), (arb(end).log() * arb(1 - a)).exp()
        while True:
            exponent = j + 1 - a
            term = c * (arb(end).log() if exponent == 0 else power / arb(exponent))
            total += term
            # From here on |c| end^j grows by less than this each time, and 1/exponent falls.
            ratio = end * max(fmpq(1), (b + j) / (j + 1))
            left = abs(term) * ratio / (1 - ratio) if ratio < 1 else arb.pos_inf()
            if exponent > 0 and left < goal:
                break
            c, power, j = c * arb(sign * (b + j) / (j + 1)), power * arb(end), j + 1
        total += arb(0, left.upper())
    with working_precision(bits):
        return +total
