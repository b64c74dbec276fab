"""What the next bills of a subscription say without a change and with it; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from billing.domain.credit import CreditNote
from billing.domain.life_change import LifeChange
from billing.domain.subscription import Subscription
from billing.ports import Documents
from billing.usecases.call import Call
from billing.usecases.decide_life import decide_life
from billing.usecases.one_invoice import context_of
from billing.usecases.preview_invoice import Preview, bills_until


@dataclass(frozen=True, slots=True, kw_only=True)
class LifePreview:
    """A subscription before and after a change that takes effect `at` (UTC), with the bills that differ.

    `credit_note` is what would be given back at once. `without` and `bills` reach up to the first bill after the
    change, in either case; bills before it that are alike are left out.
    """

    at: datetime
    before: Subscription
    after: Subscription
    without: tuple[Preview, ...]
    bills: tuple[Preview, ...]
    credit_note: CreditNote | None


def preview_life(documents: Documents, subscription_id: str, change: LifeChange, *, call: Call) -> LifePreview:
    """Both rows of bills, with the usage recorded until now.

    Raises what `change_life` raises, and what keeps a bill from being made.
    """
    context = context_of(documents, call=call)
    decided = decide_life(context, subscription_id, change, call=call)
    stored, now = decided.before, call.recorded_at
    changed = replace(stored, value=decided.after)
    reached = [bills_until(context, each, until=decided.at, at=now) for each in (stored, changed)]
    until = max([row[-1].bill_for_date for row in reached if row], default=decided.at)
    without, bills = (_up_to(bills_until(context, each, until=until, at=now), until) for each in (stored, changed))
    alike = sum(1 for _ in takewhile(lambda pair: _says(pair[0]) == _says(pair[1]), zip(without, bills, strict=False)))
    return LifePreview(
        at=decided.at,
        before=stored.value,
        after=decided.after,
        without=without[alike:],
        bills=bills[alike:],
        credit_note=None if decided.credit is None else decided.credit.credit_note,
    )


def _up_to(bills: Sequence[Preview], until: datetime) -> tuple[Preview, ...]:
    return tuple([each for each in bills if each.bill_for_date <= until])


def _says(bill: Preview) -> Preview:
    """The bill without what it was computed from, which a change to come is a part of."""
    return bill if isinstance(bill.outcome, str) else replace(bill, outcome=replace(bill.outcome, basis=None))
