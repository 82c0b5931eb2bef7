"""FEEL numbers: decimal128, 34 digits, half-even (DMN 1.5, 10.3.2.3.1).

Every operation uses `CONTEXT`, never the context of the thread.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow

CONTEXT = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)

ZERO = Decimal(0)
ONE = Decimal(1)
NumberError = DecimalException

_SMALL = tuple(Decimal(i) for i in range(-1, 1025))


def number_of(value: int) -> Decimal:
    """The FEEL number of an int, rounded to 34 digits."""
    if -1 <= value <= 1023:
        return _SMALL[value + 1]
    result = Decimal(value)
    return result if -(10**34) < value < 10**34 else CONTEXT.plus(result)


def parse_number(text: str) -> Decimal | None:
    """The number written as `text`, rounded to 34 digits; None when it is out of decimal128's range."""
    try:
        return CONTEXT.create_decimal(text)
    except NumberError:
        return None


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """base ** exponent; 0 ** 0 is 1. Raises NumberError where there is no real number."""
    if not exponent:
        return ONE
    if not base and exponent < 0:
        raise DivisionByZero
    return CONTEXT.power(base, exponent)


def plain(value: Decimal) -> str:
    """Canonical text of a number: no exponent, no needless zeros (`1.50` -> `1.5`, `1E3` -> `1000`)."""
    if not value:
        return "0"
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def to_index(value: Decimal) -> int | None:
    """The int of an integral number that can count list positions; None for any other number."""
    if value.adjusted() > 15:
        return None
    whole = int(value)
    return whole if whole == value else None


def truncated(value: Decimal) -> int | None:
    """The integral part of a number of a sane size; None when it is absurdly large."""
    return None if value.adjusted() > 18 else int(value)
