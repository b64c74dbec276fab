"""What each line comes to without tax, in minor units, so that the lines add up to what the document says."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from billing.domain.exact import plus
from billing.domain.invoice import LineItem
from billing.domain.tax import TaxLine

TaxKey = tuple[str, Decimal]
"""A tax category and its rate."""

_HUNDRED = Decimal(100)


def net_amounts(
    lines: Sequence[LineItem], *, taxes: Sequence[TaxLine], subtotal: int, value_added: bool
) -> tuple[int, ...]:
    """The net amount of each line, in their order.

    An exclusive amount is net already. What inclusive ones are without their tax is rounded so that the lines of a rate
    add up to that rate's base (BR-S-8), by largest remainder. Sales taxes share one base, the `subtotal`.
    """
    bases: dict[TaxKey, int] = defaultdict(int)
    groups: dict[TaxKey, list[int]] = defaultdict(list)
    for row in taxes:
        bases[str(row.category), row.percent] += row.base
    for index, line in enumerate(lines):
        groups[(line.tax_category, line.tax_percent) if value_added else ("", Decimal(0))].append(index)
    nets = [line.amount for line in lines]
    for key, indexes in groups.items():
        inclusive = [index for index in indexes if lines[index].tax_inclusive]
        base = bases[key] if value_added else subtotal
        left = base - sum(nets[index] for index in indexes if not lines[index].tax_inclusive)
        for index, net in zip(inclusive, _spread(left, [lines[index] for index in inclusive]), strict=True):
            nets[index] = net
    return tuple(nets)


def _spread(total: int, lines: Sequence[LineItem]) -> list[int]:
    """Split a sum over inclusive lines: each gets its own net rounded down, the rest goes to the largest fractions."""
    if not lines:
        return []
    ratios = [plus(_HUNDRED, line.tax_percent).as_integer_ratio() for line in lines]
    split = [
        (*divmod(line.amount * 100 * whole, parts), parts) for line, (parts, whole) in zip(lines, ratios, strict=True)
    ]
    nets = [quotient for quotient, _, _ in split]
    each, more = divmod(total - sum(nets), len(nets))
    by_fraction = sorted(range(len(nets)), key=lambda i: Decimal(split[i][1]) / split[i][2], reverse=True)
    for place, index in enumerate(by_fraction):
        nets[index] += each + (place < more)
    return nets
