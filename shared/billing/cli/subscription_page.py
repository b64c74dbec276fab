"""One subscription on the terminal: plans, add-ons, coupons, charges, pauses and end."""

from collections.abc import Iterator
from datetime import datetime

from rich.markup import escape

from billing.cli.screen import answers, columns
from billing.domain.figures import plain
from billing.domain.kept_anchor import with_anchors
from billing.domain.period import local_date
from billing.domain.subscription import Subscription, Unused


def print_subscription(subscription: Subscription) -> None:
    """Print it; days are local to it."""
    table = columns("dim", "")
    for name, text in (*_life(subscription), *_charges(subscription)):
        table.add_row(name, text)
    console = answers()
    console.print(f"[bold]{escape(subscription.id)}[/]  {subscription.status.value}")
    console.print(table)


def _life(subscription: Subscription) -> Iterator[tuple[str, str]]:
    yield "Customer", escape(subscription.customer_id)
    for phase, is_anchor_kept in with_anchors(subscription.phases):
        kept = ", the anchor kept" if is_anchor_kept else ""
        yield "Plan", f"{escape(phase.plan)} from {_day(phase.start, subscription)}{kept}"
    if subscription.trial_start is not None:
        trial = _stretch(subscription, subscription.trial_start, subscription.start)
        yield "Trial", trial.removeprefix("from ")
    for pause in subscription.pauses:
        until = "" if pause.end else " until it is resumed"
        yield "Paused", _stretch(subscription, pause.start, pause.end) + until
    if subscription.end is not None:
        unused = "" if subscription.unused is Unused.CREDIT else f" (unused time: {subscription.unused.value})"
        yield "Ends", f"{_day(subscription.end, subscription)}{unused}"
    due = subscription.next_billing_at
    yield "Next bill", "none" if due is None else _day(due, subscription)


def _charges(subscription: Subscription) -> Iterator[tuple[str, str]]:
    for item in subscription.items:
        stretch = _stretch(subscription, item.start, item.end)
        yield "Add-on", f"{plain(item.quantity)} x {escape(item.charge_id)} {stretch}"
    for each in subscription.discounts:
        times = "for ever" if each.coupon.periods is None else f"{each.used} of {each.coupon.periods} times used"
        yield "Coupon", f"{escape(each.coupon.name)} ({each.id}) from {_day(each.start, subscription)}, {times}"
    for charge in subscription.one_time:
        price = f"{plain(charge.quantity)} x {plain(charge.unit_price)}"
        yield "Charge", f"{escape(charge.name)} ({charge.id}): {price}, on {_day(charge.charged_at, subscription)}"


def _stretch(subscription: Subscription, start: datetime, end: datetime | None) -> str:
    until = "" if end is None else f" to {_day(end, subscription)}, the end not included"
    return f"from {_day(start, subscription)}{until}"


def _day(instant: datetime, subscription: Subscription) -> str:
    return str(local_date(instant, zone=subscription.zone))
