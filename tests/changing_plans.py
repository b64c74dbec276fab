"""What happens in a world where plans change: its nights, what somebody asks for, and what the bills say."""

from dataclasses import replace

from billing.domain.catalog import Billed
from billing.domain.credit import CreditNote
from billing.domain.invoice import Invoice
from billing.domain.life_change import LifeChange, PlanChange
from billing.domain.subscription import Subscription
from billing.usecases.admit_usage import ReportedUsage
from billing.usecases.change_life import change_life
from billing.usecases.record_usage import record_usage
from billing.usecases.usage_outcome import OutcomeStatus
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import YEARLY, a_fee, a_plan, utc
from tests.reviewing import call, void
from tests.world import World


def bills(world: World, *days: str) -> None:
    """The runs of these days; nobody is left out."""
    for day in days:
        world.travels_to(day)
        assert world.runs_billing().failures == []


def does(world: World, name: str, change: LifeChange, *, at: str) -> Subscription:
    """A customer's subscription after a change that is asked for then."""
    world.travels_to(at)
    return change_life(world.documents, f"sub-{name}", change, call=call(world)).after


def takes(world: World, name: str, plan: str, *, on: str, at: str) -> Subscription:
    """The first version of another plan from a day on."""
    return does(world, name, PlanChange(plan=f"{plan}@1", at=utc(on)), at=at)


def void_year(world: World) -> str:
    """Ada's month in advance, and a year from 11 April whose bill is void and which is taken back; that bill's id.

    The night of 1 May charged what was left of April, so 20.00 of the 30.00 paid for it are to come back.
    """
    month = a_plan(plan_id="month", fees=[a_fee("30.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
    world.plan(replace(month, plan_id="year", fees=(a_fee("365.00"),), cycle=YEARLY, anchor_day=None))
    world.subscribes("ada", to=world.plan(month), on="2026-04-01")
    bills(world, "2026-04-01")
    takes(world, "ada", "year", on="2026-04-11", at="2026-04-11T09:00")
    bills(world, "2026-04-11T10:00")
    [_, bill] = world.invoices("ada")
    void(world, bill.id)
    takes(world, "ada", "month", on="2026-04-11", at="2026-04-11T11:00")
    bills(world, "2026-05-01")
    return bill.id


def uses(world: World, calls: int, *, on: str) -> None:
    """Ada reports so many calls of a day, on that day or now, if that is later."""
    world.now = max(world.now, utc(on))
    usage = ReportedUsage(id=on, subscription_id="sub-ada", meter="calls", occurred_at=utc(on), quantity=calls)
    [outcome] = record_usage(world.documents, tenant_id="acme", events=[usage], recorded_at=world.now)
    assert outcome.status is OutcomeStatus.ACCEPTED, outcome


def charged(world: World, name: str) -> list[list[int]]:
    """The lines of each bill of a customer, in the order of their dates; what a credit note gives back is negative."""
    made: list[Invoice | CreditNote] = [*world.invoices(name)]
    made += [each for each in world.credit_notes() if each.customer_id == name]
    made.sort(key=lambda each: (each.bill_for_date, each.issued_at))
    return [[line.amount if isinstance(each, Invoice) else -line.amount for line in each.lines] for each in made]


def is_sound(world: World) -> bool:
    """Whether verify finds nothing."""
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False)
    return verify(world.documents, world.objects, request).findings.kept == []
