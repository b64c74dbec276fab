"""Lines as EN 16931 wants them: a price that is not negative, and arithmetic that a receiver can follow."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

from billing.domain.currency import exponent
from billing.domain.exact import EXACT, plus, times
from billing.domain.explanation import TierStep
from billing.domain.invoice import LineItem, LineKind
from billing.domain.period import Period, local_date
from billing.render.e_invoice.plain_text import plain
from billing.render.e_invoice.terms import AllowanceTerms, Days, LineTerms, TaxTerms

_MOMENT = timedelta(microseconds=1)
_PRICE_PLACES = Decimal("1e-10")
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_HUNDRED = Decimal(100)


def is_allowance(line: LineItem) -> bool:
    """Whether a line is a document level allowance: a discount that takes something off."""
    return line.kind is LineKind.DISCOUNT and line.amount < 0


def line_terms(line: LineItem, *, number: int, net: int, tax: TaxTerms, currency: str, zone: str) -> LineTerms:
    """A line with its net amount in minor units; what quantity and price don't explain is a charge of its own.

    A tier's flat fee is such a charge. Where a price and quantity tell nothing (the difference that late usage makes, a
    price that is rounded by more than one unit) the line is one piece at its own amount.
    """
    amount = money(net, currency)
    quantity, price = _positive(line.quantity, _net_price(line))
    rest = plus(amount, -_rounded(times(quantity, price), currency))
    fee = _flat_fee(line)
    if abs(plus(rest, -fee)) > money(1, currency):
        quantity, price, fee = Decimal(-1 if net < 0 else 1), abs(amount), Decimal(0)
    return LineTerms(
        number=str(number),
        name=plain(line.description),
        quantity=quantity,
        price=price,
        net=amount,
        charge=rest if fee and rest > 0 else None,
        charge_reason="Flat fee",
        tax=tax,
        days=days_of(line.period, zone=zone),
    )


def discount_terms(line: LineItem, *, net: int, tax: TaxTerms, currency: str) -> AllowanceTerms:
    """A discount as an allowance; its reason is what the line says."""
    return AllowanceTerms(is_charge=False, amount=money(-net, currency), reason=plain(line.description), tax=tax)


def days_of(period: Period, *, zone: str) -> Days:
    """The local days that a period touches; one within a day is that day."""
    start = local_date(period.start, zone=zone)
    return Days(start=start, end=max(start, local_date(period.end - _MOMENT, zone=zone)))


def hull(days: Sequence[Days]) -> Days:
    """From the first day of all to the last: a line's days lie within the document's."""
    return Days(start=min(each.start for each in days), end=max(each.end for each in days))


def money(minor: int, currency: str) -> Decimal:
    """Minor units as a decimal with the currency's places."""
    return Decimal(minor).scaleb(-exponent(currency))


def _positive(quantity: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    return (-quantity, -price) if price < 0 else (quantity, price)


def _net_price(line: LineItem) -> Decimal:
    return _without_tax(line.unit_price, line)


def _flat_fee(line: LineItem) -> Decimal:
    step = line.explanation.step
    return _without_tax(step.flat_fee, line) if isinstance(step, TierStep) else Decimal(0)


def _without_tax(price: Decimal, line: LineItem) -> Decimal:
    """A price without the tax in it, to ten decimals; one without tax keeps all that it has."""
    if not line.tax_inclusive or not line.tax_percent:
        return price
    net = _WIDE.divide(_WIDE.multiply(price, _HUNDRED), plus(_HUNDRED, line.tax_percent))
    return net.quantize(_PRICE_PLACES, context=_WIDE).normalize(EXACT)


def _rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(money(1, currency), context=_WIDE)
