"""Decimal text in and out: exact on the way in, rounded outward on the way out."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from flint import arb, ctx, fmpq, fmpz

from verify.enclosure import Undecided, working_precision
from verify.errors import InputError

#: Digits in a literal, and the largest decimal exponents that are accepted or written.
LITERAL_DIGITS = 60
LITERAL_EXPONENT = 10**4
ENCLOSURE_EXPONENT = 10**15

#: Significant digits of the enclosures in certificates and answers.
DIGITS = 20

#: Powers of ten up to this exponent are written out as integers when rounding.
_WRITTEN_OUT = 1000

_DECIMAL = re.compile(r"-?(\d{1,80}(\.\d{0,80})?|\.\d{1,80})([eE][+-]?\d{1,18})?", re.ASCII)


class DecimalError(InputError):
    """Text that is not a decimal number within the bounds; the message is one line."""


def counted(number: int, noun: str) -> str:
    """A number of things in words: "1 row", "2 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def parse_decimal(
    text: object, what: str, digits: int = LITERAL_DIGITS, exponent: int = LITERAL_EXPONENT
) -> Decimal:
    """Read an exact decimal from a stranger.

    Parameters
    ----------
    text : object
        Must be a string such as ``"-1.25e-7"``.
    what : str
        Name of the field, for the message.
    digits, exponent : int
        Most significant digits, and largest size of the decimal exponent, that are accepted.

    Raises
    ------
    DecimalError
        One line saying what was found where, and what would be accepted.
    """
    if not isinstance(text, str) or len(text) > 200 or not _DECIMAL.fullmatch(text):
        shown = repr(text)[:40]
        raise DecimalError(f"{what}: expected a decimal number like 1.5e-3, got {shown}")
    try:
        number = Decimal(text)
        too_large = abs(number.adjusted()) > exponent  # for 0 too: 0e1000000 may be written out
    except InvalidOperation:  # beyond what the decimal module can hold
        too_large = True
    if too_large:
        raise DecimalError(f"{what}: decimal exponents up to {exponent} are accepted")
    if len(number.as_tuple().digits) > digits:
        raise DecimalError(f"{what}: at most {digits} digits are accepted")
    return number


def rational(number: Decimal) -> fmpq:
    """The decimal as an exact fraction (only for moderate exponents: it is written out)."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    mantissa = fmpz("".join(map(str, digits)))
    value = (
        fmpq(mantissa * fmpz(10) ** exponent)
        if exponent >= 0
        else fmpq(mantissa, fmpz(10) ** -exponent)
    )
    return -value if sign else value


def decimal_text(value: fmpq) -> str:
    """Shortest exact text of a rational: a decimal where it terminates, else ``p/q``."""
    twos, rest = _strip(int(value.q), 2)
    fives, rest = _strip(rest, 5)
    if rest != 1:
        return f"{value.p}/{value.q}"
    places = max(twos, fives)
    mantissa = int(value.p) * 10**places // int(value.q)
    return plain(Decimal((int(mantissa < 0), tuple(map(int, str(abs(mantissa)))), -places)))


def law_number(value: fmpq) -> str:
    """:func:`decimal_text` where it can be read back in a law, else arithmetic that can."""
    from verify.expression import MAX_LAW_CHARACTERS, ExpressionError, number_text, parse

    text = decimal_text(value)
    try:
        parse(text, longest=MAX_LAW_CHARACTERS)
    except ExpressionError:  # more digits, or a larger exponent, than one literal may have
        return f"({number_text(value)[0]})"
    return text


def _strip(number: int, factor: int) -> tuple[int, int]:
    count = 0
    while number % factor == 0:
        number //= factor
        count += 1
    return count, number


def plain(number: Decimal) -> str:
    """Decimal text without trailing zeros and with a lower-case exponent where it is long."""
    if number == 0:
        return "0"
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    stripped = text.rstrip("0")
    exponent += len(text) - len(stripped)
    point = len(stripped) + exponent  # position of the decimal point
    if -5 <= point <= 0:
        body = "0." + "0" * -point + stripped
    elif 0 < point <= 21:
        whole = stripped[:point].ljust(point, "0")
        body = whole + ("." + stripped[point:] if point < len(stripped) else "")
    else:
        fraction = "." + stripped[1:] if len(stripped) > 1 else ""
        body = f"{stripped[0]}{fraction}e{point - 1}"
    return "-" + body if sign else body


def outward(value: arb, digits: int = DIGITS) -> tuple[str, str]:
    """Decimal strings ``lo <= value <= hi`` of ``digits`` significant digits each.

    Raises
    ------
    ValueError
        For a ball that is not finite.
    Undecided
        If an end is too large, or too close to 0, to be written.
    """
    if not value.is_finite():
        raise ValueError("a ball that is not finite has no decimal enclosure")
    with working_precision(4 * digits + 64):  # the ends are rounded outward to this many bits
        low, high = value.lower(), value.upper()
        return plain(round_decimal(low, digits, up=False)), plain(
            round_decimal(high, digits, up=True)
        )


def round_decimal(exact_ball: arb, digits: int, up: bool) -> Decimal:
    """An exact (radius 0) number rounded up or down to ``digits`` significant digits.

    Raises
    ------
    Undecided
        If its decimal exponent is beyond :data:`ENCLOSURE_EXPONENT`.
    """
    if exact_ball == 0:
        return Decimal(0)
    negative = bool(exact_ball < 0)
    size = -exact_ball if negative else exact_ball
    mantissa, exponent, is_exact_decimal = _scaled_floor(size, digits)
    if up != negative and not is_exact_decimal:
        mantissa += 1
    return Decimal((int(negative), tuple(map(int, str(mantissa))), exponent))


def _scaled_floor(size: arb, digits: int) -> tuple[int, int, bool]:
    """``(m, e, exact)``: ``m 10^e <= size < (m + 1) 10^e``, m of ``digits`` digits, equality."""
    mantissa_bits, binary_exponent = size.man_exp()
    bits = max(ctx.prec, 64) + 2 * int(size.bits()) + 2 * int(abs(binary_exponent)).bit_length()
    with working_precision(bits + 128):
        exponent = int((size.log() / arb(10).log()).mid().floor().unique_fmpz() or 0) - digits + 1
        if abs(exponent) > ENCLOSURE_EXPONENT:
            # The exponent itself may be too long to show.
            side = "large" if exponent > 0 else "close to 0"
            raise Undecided(f"a number is too {side} to write: decimal exponents end at 10^15")
        for _ in range(3):
            if abs(exponent) <= _WRITTEN_OUT and abs(int(binary_exponent)) <= 8 * _WRITTEN_OUT:
                quotient = fmpq(mantissa_bits) * fmpq(2) ** int(binary_exponent)
                quotient /= fmpq(10) ** exponent
                mantissa, is_exact = int(quotient.floor()), quotient.q == 1
            else:
                # Where the ball straddles an integer the lower one is still a valid bound.
                scaled = size * arb(10) ** -exponent
                mantissa, is_exact = int(scaled.lower().floor().unique_fmpz() or 0), False
            if mantissa >= 10**digits:
                exponent += 1
            elif mantissa < 10 ** (digits - 1):
                exponent -= 1
            else:
                return mantissa, exponent, is_exact
    raise Undecided(f"cannot write {size.str(10)} with {digits} digits")
