"""The sign of a polynomial in atoms on an interval or a ray, proved.

The rules, each of which is tried on every factor:

* *range*: interval arithmetic on the terms gives the sign;
* *dominant term*: after division by its dominant monomial the polynomial is a constant plus terms
  that are bounded on the ray because they are monotone;
* *derivative*: the polynomial has the sign (or is exactly 0) at one end, and its derivative, or
  that of its quotient by one of its positive monomials, moves it away from 0;
* *pieces*: the interval is cut and every piece is proved on its own.

All comparisons are between balls. A sign is an int: 2 or -2 where it is strict (at every point but
the left end of the interval), 1 or -1 where 0 is possible, 0 where nothing was proved.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb

from verify.atoms import Field, dominant
from verify.enclosure import Undecided
from verify.interval import Interval, point
from verify.piece import Effort, Piece, Place
from verify.ratio import ONE, Exponents, Key, Polynomial, Ratio, key_of, monomial
from verify.sign_at_places import Signs

#: Pieces into which an interval may be cut, by depth of the derivative rule.
MAX_PIECES = (600, 24, 6)
#: Pieces to which a possible 0 is pursued.
WEAK_PIECES = 16
#: How often the derivative rule may be applied to its own derivative; once to a long polynomial.
DEPTH = 4
LONG = 10

# Where a ray may be cut.
CUTS = tuple(arb((1, e)) for e in (0, 2, 4, 7, 10, 14, 20, 30, 60, 150, 500, 2000, 10**4, 10**5))


Steps = tuple[str, ...]
Outcome = tuple[int, Steps]
UNKNOWN: Outcome = (0, ())


class Prover(Signs):
    """Proofs of signs in one field."""

    def __init__(self, field: Field, effort: Effort) -> None:
        super().__init__(field)
        self.effort = effort
        self.cuts = [Place.of(cut) for cut in CUTS]
        self._known: dict[tuple[Key, tuple[int, int]], tuple[int, Outcome]] = {}
        self._kept: list[Piece] = []

    def check_atoms(self, piece: Piece) -> Outcome:
        """Prove that every atom is defined, hence continuous, on the piece.

        The derivative rule follows a function from one end of a piece to the other, so there must
        be no gap and no pole between.
        """
        steps: Steps = ()
        for atom in self.field.atoms:
            if atom.argument is None:
                if atom.exponent != 1 and not piece.box.x.nonnegative:
                    return UNKNOWN
                continue
            bottom, more = self.product(atom.argument.bottom, piece, DEPTH, 0)
            if abs(bottom) != 2:
                return UNKNOWN
            steps += more
            if atom.kind == "exp" or (atom.kind == "power" and atom.exponent.q == 1):
                continue
            top, more = self.product(atom.argument.top, piece, DEPTH, 0)
            steps += more
            if atom.kind == "power":
                if top * bottom <= 0:
                    return UNKNOWN
                continue
            if _product(top, bottom) != 2:
                return UNKNOWN
            if atom.exponent != 1:
                # A root of a logarithm needs an argument of at least 1.
                excess = atom.argument.top - atom.argument.bottom
                above, more = self.product(excess, piece, DEPTH, 0)
                if above * bottom <= 0:
                    return UNKNOWN
                steps += more
        return 2, steps

    # -------------------------------------------------------------- products

    def ratio(self, value: Ratio, piece: Piece, depth: int = DEPTH, level: int = 0) -> Outcome:
        """The sign of a ratio on a piece, where it is defined."""
        top, steps = self.product(value.top, piece, depth, level)
        if not top or value.bottom.is_constant():
            return top, steps
        bottom, more = self.product(value.bottom, piece, depth, level)
        return _product(top, bottom), steps + more

    def product(self, polynomial: Polynomial, piece: Piece, depth: int, level: int) -> Outcome:
        """The sign of a polynomial, factor by factor."""
        if len(polynomial) > 1:
            self.effort.spend(len(polynomial))
            direct = self.field.range(polynomial, piece.box)
            if direct.sign:
                step = self.step(polynomial, 2 * direct.sign, piece, "range")
                return 2 * direct.sign, (step,)
        content, factors = self.field.factors(polynomial)
        sign = 2 if content > 0 else -2
        steps: Steps = ()
        for factor, multiplicity in factors:
            if multiplicity % 2 == 0:
                strict = self.field.range(factor, piece.box).sign != 0
                sign = _product(sign, 2 if strict else 1)
                text = self.field.formula_of(factor)
                steps += (f"({text})**{multiplicity} {'>' if strict else '>='} 0: even power",)
                continue
            found, more = self.settle(factor, piece, depth, level)
            if not found:
                return UNKNOWN
            sign, steps = _product(sign, found), steps + more
        return sign, steps

    # -------------------------------------------------------------- pieces

    def settle(self, factor: Polynomial, piece: Piece, depth: int, level: int) -> Outcome:
        """The sign of a factor, cutting the piece where no rule applies to all of it."""
        if piece.end is not None:
            outcome = self.rules(factor, piece, depth, level)
            if outcome[0] or level >= len(MAX_PIECES):
                return outcome
            return self.bounded(factor, piece, depth, level)
        for shallow in range(depth + 1):
            outcome = self.rules(factor, piece, shallow, level)
            if abs(outcome[0]) == 2 or (outcome[0] and shallow > 0):
                return outcome
            if outcome[0]:
                continue
            if shallow <= 2 - level:
                far = self.first_cut(factor, piece, shallow, level)
                if far is not None:
                    place, (sign, steps) = far
                    near, more = self.bounded(factor, Piece(piece.start, place), depth, level)
                    return (_both(near, sign), more + steps) if near * sign > 0 else UNKNOWN
        return UNKNOWN

    def first_cut(
        self, factor: Polynomial, piece: Piece, depth: int, level: int
    ) -> tuple[Place, Outcome] | None:
        """The first of a few points beyond which a rule gives the sign."""
        places = [place for place in self.cuts if place.value > piece.start.value + 1]
        far = places[-1::-4]
        for last in far:
            if self.rules(factor, Piece(last, None), depth, level + 1)[0]:
                break
        else:
            return None
        for place in places:
            outcome = self.rules(factor, Piece(place, None), depth, level + 1)
            if outcome[0]:
                return place, outcome
        return None

    def bounded(self, factor: Polynomial, piece: Piece, depth: int, level: int) -> Outcome:
        """The sign of a factor on a bounded piece, by bisection."""
        waiting, pieces, total = [piece], 0, 0
        steps: list[str] = []
        # Where it is exactly 0 at the left end, higher derivatives must tell.
        vanishes = self.sign_at(factor, piece.start) in (0, None)
        seen = piece.start
        while waiting:
            part = waiting.pop()
            pieces += 1
            inner = depth if vanishes and part.start is piece.start else min(depth, 1)
            sign, more = self.rules(factor, part, inner, level + 1)
            if abs(sign) == 2 or (sign and (pieces > WEAK_PIECES or len(factor) == 1)):
                assert part.end is not None
                if total * sign < 0:
                    self.suspect(factor, seen, part.end)
                    return UNKNOWN
                seen = part.end
                total = sign if total == 0 else _both(total, sign)
                steps.extend(more)
                continue
            middle = part.middle()
            value = self.value(factor, middle)
            if (total > 0 and value < 0) or (total < 0 and value > 0):
                self.suspect(factor, seen, middle)
                return UNKNOWN
            if pieces > MAX_PIECES[level]:
                self.suspects.append(middle.value)
                return UNKNOWN
            assert part.end is not None
            waiting.append(Piece(middle, part.end))
            waiting.append(Piece(part.start, middle))
        if len(steps) > 8:
            steps = [*steps[:4], f"... {len(steps) - 6} more pieces ...", *steps[-2:]]
        return total, tuple(steps)

    # -------------------------------------------------------------- one factor on one piece

    def rules(self, factor: Polynomial, piece: Piece, depth: int, level: int) -> Outcome:
        """The sign of a factor by one of the rules, without cutting."""
        key = (key_of(factor), piece.key)
        known = self._known.get(key)
        if known is not None and (abs(known[1][0]) == 2 or known[0] >= depth):
            return known[1]
        self._kept.append(piece)
        self.effort.spend(len(factor))
        outcome = self._rules(factor, piece, depth, level)
        self._known[key] = (depth, outcome)
        return outcome

    def _rules(self, factor: Polynomial, piece: Piece, depth: int, level: int) -> Outcome:
        box = piece.box
        found = self.field.range(factor, box)
        sign = 2 * found.sign or int(found.nonnegative) - int(found.nonpositive)
        weak = (sign, (self.step(factor, sign, piece, "range"),)) if sign else UNKNOWN
        if abs(sign) == 2 or len(factor) == 1:
            return weak
        sign = self.direction(factor, piece)
        if not sign:
            return weak
        if piece.end is None or not found.bounded:
            outcome = self.dominant_rule(factor, sign, piece, level)
            if abs(outcome[0]) == 2:
                return outcome
            weak = outcome if outcome[0] else weak
        if len(factor) > LONG:
            depth = min(depth, 1)
        if depth > 0:
            outcome = self.derivative_rule(factor, sign, piece, depth, level)
            if outcome[0]:
                return outcome
        return weak

    def step(self, factor: Polynomial, sign: int, piece: Piece, rule: str) -> str:
        """One line of a proof."""
        relation = {2: "> 0", 1: ">= 0", -1: "<= 0", -2: "< 0"}[sign]
        return f"{self.field.formula_of(factor)} {relation} on {piece}: {rule}"

    # -------------------------------------------------------------- the rules

    def dominant_rule(self, factor: Polynomial, sign: int, piece: Piece, level: int) -> Outcome:
        """The sign from ``1 + (other terms)/(dominant term)``."""
        lead = dominant(self.field, factor)
        if lead is None:
            return UNKNOWN
        lead_range = self.field.range_of_powers(lead, piece.box)
        scale = factor[lead]
        if not lead_range.sign or (lead_range.sign > 0) != (scale * sign > 0):
            return UNKNOWN
        total = point(arb(1))
        for exponents, c in factor.terms():
            if tuple(exponents) == lead:
                continue
            powers = {
                i: int(a - b)
                for i, (a, b) in enumerate(zip(exponents, lead, strict=True))
                if a != b
            }
            self.effort.spend(1)
            part = self.range_of_quotient(powers, piece, level)
            total = total + point(arb(c / scale)) * part
            if not total.low > -2:
                return UNKNOWN
        if not total.nonnegative:
            return UNKNOWN
        strict = 2 if total.sign > 0 else 1
        return sign * strict, (self.step(factor, sign * strict, piece, "dominant term"),)

    def range_of_quotient(self, powers: dict[int, int], piece: Piece, level: int) -> Interval:
        """A range of a product of powers of atoms, from its ends where it is monotone."""
        exponents = [0] * (max(powers, default=0) + 1)
        for i, e in powers.items():
            exponents[i] = e
        direct = self.field.range_of_powers(tuple(exponents), piece.box)
        if direct.bounded or direct.sign <= 0 or level > DEPTH:
            return direct
        try:
            growth = self.field.growth(powers)
            trend, _ = self.ratio(growth, piece, 1, max(level, 1) + 1)
        except Undecided:
            return direct
        if trend == 0:
            return direct
        top = monomial({i: e for i, e in powers.items() if e > 0})
        bottom = monomial({i: -e for i, e in powers.items() if e < 0})
        start = self.value(top, piece.start) / self.value(bottom, piece.start)
        if not start.is_finite():
            return direct
        low, high = (start.lower(), direct.high) if trend > 0 else (direct.low, start.upper())
        return Interval(direct.low.max(low), direct.high.min(high), 1) if high > 0 else direct

    def derivative_rule(
        self, factor: Polynomial, sign: int, piece: Piece, depth: int, level: int
    ) -> Outcome:
        """The sign from that at one end and from that of a derivative."""
        at_start = self.sign_at(factor, piece.start)
        at_end = self.sign_at(factor, piece.end) if piece.end is not None else None
        if at_start == -sign or at_end == -sign:
            return UNKNOWN
        try:
            slope = self.field.slope(factor)
        except Undecided:
            return UNKNOWN
        for divisor in self.divisors(factor, piece):
            self.effort.spend(len(factor))
            moved = slope
            if divisor is not None:
                powers = {i: int(e) for i, e in enumerate(divisor) if e}
                if not at_start and self.sign_at(monomial(powers), piece.start) != 1:
                    # At a common zero the quotient may start anywhere.
                    continue
                try:
                    moved = slope - Ratio(factor, ONE) * self.field.growth(powers)
                except Undecided:
                    continue
            trend, steps = UNKNOWN
            if not moved.top.is_zero():
                trend, steps = self.ratio(moved, piece, depth - 1, level + 1)
            if at_start is not None and trend * sign > 0:
                strict = 2 if at_start or abs(trend) == 2 else 1
            elif at_end is not None and trend * sign < 0:
                strict = 2 if at_end else 1
            else:
                continue
            end = "left" if trend * sign > 0 else "right"
            which = "its derivative" if divisor is None else "the derivative of a quotient"
            step = self.step(factor, sign * strict, piece, f"the {end} end and {which}")
            return sign * strict, (*steps, step)
        return UNKNOWN

    def divisors(self, factor: Polynomial, piece: Piece) -> Iterator[Exponents | None]:
        """Positive monomials of the factor by which it may be divided before differentiating."""
        yield None
        if piece.end is not None:
            return
        monomials = [tuple(map(int, exponents)) for exponents in factor.monoms()]
        first = dominant(self.field, factor)
        ordered = ([first] if first is not None else []) + monomials[::-1]
        for exponents in [e for e in dict.fromkeys(ordered) if any(e)][:3]:
            if self.field.range_of_powers(exponents, piece.box).sign > 0:
                yield exponents


def _product(a: int, b: int) -> int:
    """The sign of a product."""
    if not a or not b:
        return 0
    strict = 2 if abs(a) == abs(b) == 2 else 1
    return strict if (a > 0) == (b > 0) else -strict


def _both(a: int, b: int) -> int:
    """The sign on two adjacent pieces that have the same sign."""
    return a if abs(a) < abs(b) else b
