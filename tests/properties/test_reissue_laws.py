"""Whatever is void and reissued, and in whatever order: the bills in force charge each part of each period once.

The same history is lived twice, with and without the void invoices; in the end both books must hold the same amount.
Prices are multiples of the least common multiple of 28, 29, 30 and 31, so that each day of any month is worth a whole
number of cents and nothing is rounded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.domain.catalog import Billed, GraduatedPrice, Plan
from billing.domain.credit_request import AmountCredit, CreditRequest
from billing.domain.errors import Conflict
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_life import cycle_id, is_newest
from billing.domain.life_change import ItemsChange, LifeChange, Pausing, PlanChange, Resuming, changed
from billing.domain.one_time_charges import with_one_time_charge
from billing.domain.subscription import OneTimeCharge, Subscription
from billing.store.subscriptions import subscription_fields
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.issue_credit_note import issue_credit_note
from billing.usecases.reissue_invoice import reissue_invoice
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import a_fee, a_meter, a_plan, tiers
from tests.reviewing import call, void
from tests.world import World

UNIT = 377_580
MONTHS = 4
LAST = MONTHS + 2

Step: TypeAlias = tuple[str, Any]


def plan(plan_id: str, *, base: int, seat: int, committed: int, billed: Billed) -> Plan:
    return a_plan(
        plan_id=plan_id,
        fees=[a_fee(in_major(base))],
        addons=[a_fee(in_major(seat), "seat")],
        metered=[a_meter(GraduatedPrice(tiers=tiers(("100", "0"), (None, "7"))))],
        minimum_commitment=Decimal(in_major(committed)) if committed else None,
        anchor_day=1,
        billed=billed,
    )


def in_major(units: int) -> str:
    return str(Decimal(units * UNIT) / 100)


@dataclass(kw_only=True)
class Book:
    """One subscription's bills. Voids, reissues and credit notes name a bill by its place, the oldest is 0."""

    billed: Billed
    world: World = field(default_factory=World)
    paused: bool = False

    def opens(self) -> None:
        for name, base, seat, committed in (("small", 1, 2, 0), ("large", 3, 1, 0), ("least", 1, 1, 5)):
            self.world.plan(plan(name, base=base, seat=seat, committed=committed, billed=self.billed))
        self.world.subscribes("ada", to=self.world.plans["small@1"], on="2028-01-01")

    @property
    def subscription(self) -> Subscription:
        return self.world.subscription("sub-ada")

    def saves(self, after: Subscription) -> None:
        self.world.damages("subscriptions/sub-ada", subscription_fields(after))

    def travels_to(self, month: int, day: int) -> None:
        self.world.now = datetime(2028, month, day, tzinfo=UTC)

    def runs(self) -> None:
        self.world.runs += 1
        generate_invoices(self.world.documents, self.world.request(), RunOptions())

    def bills(self) -> list[Invoice]:
        """The newest revision of each bill, oldest bill first."""
        found = sorted(self.world.invoices(), key=lambda each: (each.bill_for_date, each.revision))
        return [[*revisions][-1] for _, revisions in groupby(found, key=cycle_id)]

    def changes(self, change: LifeChange) -> None:
        self.saves(changed(self.subscription, change, plans=self.world.plans, now=self.world.now))

    def does(self, what: str, of: Any) -> bool:  # noqa: ANN401 - what the step is of
        """Whether it could be done."""
        at = self.world.now
        match what:
            case "seats":
                self.changes(ItemsChange(quantities={"seat": Decimal(of)}, at=at))
            case "plan":
                self.changes(PlanChange(plan=f"{of}@1", at=at))
            case "pause":
                self.paused = not self.paused
                self.changes(Pausing(at=at) if self.paused else Resuming(at=at))
            case "charge":
                self.saves(with_one_time_charge(self.subscription, a_charge(at, of)))
            case "uses":
                self.world.uses("sub-ada", "calls", str(of), on=f"{at:%Y-%m-%d}")
            case _:
                return self.puts_right(what, of)
        return True

    def puts_right(self, what: str, place: int) -> bool:
        bills = self.bills()
        if place >= len(bills):
            return False
        if what == "credit" and (bills[place].revision or not is_newest(bills[place], self.subscription)):
            return (
                False  # later bills that are there would not know of it, and a revision may come to less than the first
            )
        steps: dict[str, Callable[[Invoice], object]] = {
            "void": lambda bill: void(self.world, bill.id),
            "reissue": lambda bill: reissue_invoice(self.world.documents, bill.id, call=call(self.world)),
            "credit": self.credits,
        }
        try:
            steps[what](bills[place])
        except Conflict:
            return False
        return True

    def credits(self, bill: Invoice) -> None:
        """A tenth of the invoice; at most five notes a bill leave something of it."""
        request = CreditRequest(
            what=AmountCredit(amount=bill.total // 10), reason="Goodwill", key=f"{self.world.now:%Y-%m-%d}"
        )
        issue_credit_note(self.world.documents, bill.id, request, call=call(self.world))

    def reissues(self, *, newest_first: bool) -> None:
        """Whatever is void is invoiced again."""
        for bill in reversed(self.bills()) if newest_first else self.bills():
            if bill.status is InvoiceStatus.VOID:
                reissue_invoice(self.world.documents, bill.id, call=call(self.world))

    def total(self) -> int:
        invoices = [each for each in self.world.invoices() if each.status is not InvoiceStatus.VOID]
        return sum(each.subtotal for each in invoices) - sum(each.subtotal for each in self.world.credit_notes())

    def findings(self) -> list[str]:
        request = VerifyRequest(tenant_id="acme", as_of=self.world.now, objects=False, events=False)
        report = verify(self.world.documents, self.world.objects, request)
        return [each.message for each in report.findings.kept if each.kind.value != "not_filed"]


def a_charge(at: datetime, units: int) -> OneTimeCharge:
    return OneTimeCharge(
        id=f"visit-{at:%m-%d}",
        name="Visit",
        quantity=Decimal(1),
        unit_price=Decimal(in_major(units)),
        charged_at=at,
    )


def lived(book: Book, months: Sequence[Sequence[Step]], *, newest_first: bool = False) -> Iterator[bool]:
    """Each month's run and what is done after it; of each step whether it could be done."""
    book.opens()
    for month, steps in enumerate(months, start=1):
        book.travels_to(month, 1)
        book.runs()
        for number, (what, of) in enumerate(steps):
            book.travels_to(month, 4 + 5 * number)
            yield book.does(what, of)
    book.travels_to(len(months) + 1, 1)
    book.runs()
    book.reissues(newest_first=newest_first)
    book.travels_to(len(months) + 2, 1)
    book.runs()


def as_if_never_void(months: Sequence[Sequence[Step]], done: Sequence[bool]) -> list[list[Step]]:
    """The same history without void invoices; a step that is left out keeps its day."""
    left = iter(done)
    return [[step if next(left) and step[0] not in AGAIN else NOTHING for step in steps] for steps in months]


AGAIN = ("void", "reissue")
NOTHING = ("nothing", LAST)
STEPS = st.one_of(
    st.tuples(st.just("seats"), st.sampled_from((0, 1, 2, 5))),
    st.tuples(st.just("plan"), st.sampled_from(("small", "large", "least"))),
    st.tuples(st.just("charge"), st.sampled_from((1, 2))),
    st.tuples(st.just("uses"), st.sampled_from((60, 150))),
    st.tuples(st.just("pause"), st.none()),
    st.tuples(st.just("credit"), st.integers(0, MONTHS)),
    st.tuples(st.sampled_from(AGAIN), st.integers(0, MONTHS)),
    st.tuples(st.sampled_from(AGAIN), st.integers(0, MONTHS)),
)
HISTORIES = st.lists(st.lists(STEPS, max_size=5), min_size=2, max_size=MONTHS)


BOTH_AGAIN: list[list[Step]] = [[("seats", 2)], [("void", 1), ("void", 0), ("reissue", 0), ("reissue", 1)]]
CREDITED: list[list[Step]] = [[("seats", 5)], [("credit", 1), ("seats", 4)], [("void", 2), ("reissue", 2)]]
WHILE_VOID: list[list[Step]] = [[("plan", "least"), ("seats", 1)], [("void", 1), ("plan", "large")], [("seats", 5)]]


@settings(deadline=None, max_examples=25)
@given(billed=st.sampled_from(Billed), months=HISTORIES, newest_first=st.booleans())
@example(billed=Billed.IN_ADVANCE, months=BOTH_AGAIN, newest_first=False)
@example(billed=Billed.IN_ADVANCE, months=WHILE_VOID, newest_first=True)
@example(billed=Billed.IN_ADVANCE, months=CREDITED, newest_first=False)
def test_what_is_void_and_reissued_charges_each_part_once(
    billed: Billed, months: list[list[Step]], newest_first: bool
) -> None:
    book, never = Book(billed=billed), Book(billed=billed)
    done = [*lived(book, months, newest_first=newest_first)]
    again = as_if_never_void(months, done)
    assert [*lived(never, again)] == [step != NOTHING for steps in again for step in steps]
    assert book.total() == never.total()
    assert book.findings() == []
