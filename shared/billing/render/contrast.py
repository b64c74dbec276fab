"""Text that can be read on the seller's colour (WCAG 2.2, relative luminance and contrast ratio)."""

from decimal import Decimal

_WEIGHTS = (("0.2126", 1), ("0.7152", 3), ("0.0722", 5))
_MIDDLE = Decimal("0.1791")  # there black and white are equally far away: 4.58 to 1


def readable_on(colour: str) -> str:
    """Black or white, whichever stands out more on `#rrggbb`: never less than 4.5 to 1, which AA asks of any text."""
    return "#000000" if luminance(colour) > _MIDDLE else "#ffffff"


def luminance(colour: str) -> Decimal:
    """The relative luminance of `#rrggbb`: 0 is black, 1 is white."""
    return sum((Decimal(weight) * _linear(colour[at : at + 2]) for weight, at in _WEIGHTS), Decimal(0))


def contrast(one: str, other: str) -> Decimal:
    """The contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + Decimal("0.05")) / (low + Decimal("0.05"))


def _linear(channel: str) -> Decimal:
    value = Decimal(int(channel, 16)) / 255
    if value <= Decimal("0.04045"):
        return value / Decimal("12.92")
    return ((value + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
