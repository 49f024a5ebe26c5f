"""The sign of a polynomial in atoms at points: where a proof is to look, and where it may begin."""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb

from verify.atoms import Field
from verify.enclosure import Undecided
from verify.expression import ExpressionError
from verify.normal_form import sign_of_constant
from verify.piece import Piece, Place
from verify.ratio import Polynomial


class Signs:
    """Signs in one field; ``suspects`` collects points where one seemed wrong."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.suspects: list[arb] = []

    def value(self, polynomial: Polynomial, place: Place) -> arb:
        """The value at a place, at the working precision."""
        total = arb(0)
        for exponents, c in polynomial.terms():
            term = arb(c)
            for i, e in enumerate(exponents):
                if e:
                    key = (self.field.serial, i)
                    atom = place.atoms.get(key)
                    if atom is None:
                        atom = arb(self.field.atoms[i].formula.evaluate(place.value))
                        place.atoms[key] = atom
                    term *= atom ** int(e)
            total += term
        return total

    def sign_at(self, polynomial: Polynomial, place: Place) -> int | None:
        """The sign at a place, 0 for an exact zero; None where it is not known."""
        value = self.value(polynomial, place)
        if value > 0 or value < 0:
            return 1 if value > 0 else -1
        if value.is_zero():
            return 0
        try:
            constant = self.field.formula_of(polynomial).at(place.formula)
            return sign_of_constant(constant)
        except (ExpressionError, Undecided):
            return None

    def probes(self, piece: Piece) -> Iterator[Place]:
        """Points of the piece at which a sign is looked at."""
        if piece.end is not None:
            yield piece.middle()
            return
        start = abs(piece.start.value).max(arb(1)).upper()
        for factor in (2, 2**10, 2**60):
            yield Place.of((start * factor).mid())

    def direction(self, factor: Polynomial, piece: Piece) -> int:
        """The sign at some points of the piece; 0 where they differ or none can be told."""
        seen, seen_at = 0, piece.start
        for place in self.probes(piece):
            value = self.value(factor, place)
            sign = int(value > 0) - int(value < 0)
            if sign and seen and sign != seen:
                self.suspect(factor, seen_at, place)
                return 0
            if sign:
                seen, seen_at = sign, place
        return seen

    def suspect(self, factor: Polynomial, a: Place, b: Place) -> None:
        """Note a point near which a factor changes its sign between two places."""
        low, high = a.value.mid(), b.value.mid()
        below = self.value(factor, a)
        for _ in range(80):
            middle = ((low + high) / 2).mid()
            value = self.value(factor, Place.of(middle))
            if (value > 0 and below > 0) or (value < 0 and below < 0):
                low = middle
            else:
                high = middle
        self.suspects.append(((low + high) / 2).mid())
