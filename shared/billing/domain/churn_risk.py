"""Churn risk: customers who use less month after month, or whose payment failed (semantics 12)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.domain.attempt import AttemptStatus
from billing.domain.catalog import ZERO
from billing.domain.decline import is_refusal
from billing.domain.dunning_case import CaseCause
from billing.domain.exact import plus
from billing.domain.growth import growth_percent
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.recurring import RecurringLife


class MeterUse(NamedTuple):
    """What a subscription used of a meter in one local month."""

    subscription_id: str
    meter: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDecline:
    """A meter that a customer used less of in two closed months in a row; `quantities` belong to `months` (yyyy-mm).

    `change` is from the first to the last of the three, in per cent.
    """

    meter: str
    months: tuple[str, str, str]
    quantities: tuple[Decimal, Decimal, Decimal]
    change: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPayment:
    """An invoice whose payment failed and that is still unpaid: `amount_due` in minor units, since when, and why.

    `tries` is how often the card was declined, 0 where the bank took a payment back.
    """

    invoice_id: str
    number: str
    currency: str
    amount_due: int
    failed_at: datetime
    code: str
    tries: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAtRisk:
    """A customer, and the figures that say why: at least one."""

    customer_id: str
    declines: tuple[UsageDecline, ...]
    failures: tuple[FailedPayment, ...]


def customers_at_risk(
    lives: Iterable[RecurringLife],
    *,
    used: Mapping[str, Iterable[MeterUse]],
    invoices: Iterable[Invoice],
    as_of: datetime,
) -> tuple[CustomerAtRisk, ...]:
    """The customers to look at, by id.

    `used` holds the last three closed months in their order. Usage counts for customers with a subscription that runs
    at `as_of` (UTC): who left is lost already. Several subscriptions of a customer are one: usage that moves from one
    to the other is no decline. An unpaid failure counts for everybody.
    """
    declines = _declines(lives, used=used, as_of=as_of)
    failures: dict[str, list[FailedPayment]] = defaultdict(list)
    for invoice in invoices:
        if failed := failed_payment(invoice):
            failures[invoice.customer_id].append(failed)
    return tuple(
        CustomerAtRisk(
            customer_id=customer_id,
            declines=tuple(declines.get(customer_id, ())),
            failures=tuple(sorted(failures.get(customer_id, ()), key=lambda each: (each.failed_at, each.invoice_id))),
        )
        for customer_id in sorted(declines.keys() | failures.keys())
    )


def failed_payment(invoice: Invoice) -> FailedPayment | None:
    """The failure of an invoice's payment, None where it is paid, given up, or merely late.

    What the gateway itself refused to charge says nothing of the customer.
    """
    case = invoice.dunning
    if invoice.status not in (InvoiceStatus.ISSUED, InvoiceStatus.OVERDUE) or case is None or case.state.is_over:
        return None
    attempts = (each for each in invoice.attempts if each.status is AttemptStatus.DECLINED)
    declined = [each for each in attempts if not is_refusal(each.code)]
    if not declined and case.cause is CaseCause.OVERDUE:
        return None
    return FailedPayment(
        invoice_id=invoice.id,
        number=invoice.number,
        currency=invoice.currency,
        amount_due=invoice.amount_due,
        failed_at=declined[0].attempted_at if declined else case.started_at,
        code=declined[-1].code if declined else case.cause.value,
        tries=len(declined),
        state=case.state.value,
    )


def _declines(
    lives: Iterable[RecurringLife], *, used: Mapping[str, Iterable[MeterUse]], as_of: datetime
) -> dict[str, list[UsageDecline]]:
    known = list(lives)
    customer_of = {each.subscription_id: each.customer_id for each in known}
    running = {each.customer_id for each in known if each.runs_at(as_of)}
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [ZERO] * len(used))
    for index, uses in enumerate(used.values()):
        for use in uses:
            key = customer_of.get(use.subscription_id, ""), use.meter
            sums[key][index] = plus(sums[key][index], use.quantity)
    found: dict[str, list[UsageDecline]] = defaultdict(list)
    for (customer_id, meter), quantities in sorted(sums.items()):
        if customer_id in running:
            found[customer_id] += _decline(meter, months=tuple(used), quantities=quantities)
    return {customer_id: each for customer_id, each in found.items() if each}


def _decline(meter: str, *, months: Sequence[str], quantities: Sequence[Decimal]) -> Iterator[UsageDecline]:
    first, second, third = quantities
    if first > second > third:
        yield UsageDecline(
            meter=meter,
            months=(months[0], months[1], months[2]),
            quantities=(first, second, third),
            change=growth_percent(Fraction(third), before=Fraction(first)),
        )
