"""What an invoice consumed of its subscription and was taxed by: with it the invoice can be computed again for ever."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.catalog import Billed
from billing.domain.charged_stretch import ChargedStretch
from billing.domain.coupon import Discount
from billing.domain.money import Rounding
from billing.domain.subscription import Item, OneTimeCharge, Pause, Phase, Plans, Prepaid, Subscription, plan_of
from billing.domain.tax import TaxParty


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The facts of an invoice that move on with it or may change later, as they stood: nothing else remembers them.

    `phases` are kept where there was more than the first. `items`, `end` and `pauses` are kept where something is
    billed ahead, as a change in the period to come is no change of what was billed; else `items` is None. `charged` is
    what later bills had charged of the period before its bill was made again.
    """

    tax: TaxParty
    rounding: Rounding = Rounding.HALF_UP
    prepaid: tuple[Prepaid, ...] = ()
    discounts: tuple[Discount, ...] = ()
    one_time: tuple[OneTimeCharge, ...] = ()
    late_usage: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    items: tuple[Item, ...] | None = None
    end: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    charged: tuple[ChargedStretch, ...] = ()


def basis_of(
    subscription: Subscription,
    plans: Plans,
    *,
    tax: TaxParty,
    rounding: Rounding,
    charged: tuple[ChargedStretch, ...] = (),
) -> Basis:
    """What a bill of the subscription, as it stands before that bill, consumes and is taxed by."""
    billed = [how for phase in subscription.phases for how in (plan_of(phase, plans).billed, phase.bill_made)]
    ahead = Billed.IN_ADVANCE in billed
    return Basis(
        tax=tax,
        rounding=rounding,
        prepaid=subscription.prepaid,
        discounts=subscription.discounts,
        one_time=subscription.one_time,
        late_usage=subscription.late_usage,
        phases=subscription.phases if len(subscription.phases) > 1 else (),
        items=subscription.items if ahead else None,
        end=subscription.end if ahead else None,
        pauses=subscription.pauses if ahead else (),
        charged=charged,
    )
