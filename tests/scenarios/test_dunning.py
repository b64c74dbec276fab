"""What is unpaid is chased as the policy says: a diary of each case, day by day."""

import pytest

from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.dunning_policy import CaseState
from billing.domain.dunning_report import DunningAction, DunningReport
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.sandbox.server import RunningSandbox
from billing.store.customers import Customers
from tests.collected_invoice import bills, pay_by_transfer, running, sandbox, the_invoice, world
from tests.collecting import CardWorld

__all__ = ["running", "sandbox", "world"]

ADDRESS = "lumen@kunde.test"


def fails(sandbox: RunningSandbox, world: CardWorld, code: str) -> str:
    """A customer whose first charge on 1 February is declined; the gateway's id of the card."""
    world.joins("lumen", card=None)
    card = world.saves_card("lumen")
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": code})
    bills(world)
    return card


def state(world: CardWorld) -> tuple[CaseState, InvoiceStatus, int]:
    invoice = the_invoice(world)
    assert invoice.dunning is not None
    return invoice.dunning.state, invoice.status, len(invoice.attempts)


def days(invoice: Invoice) -> list[tuple[int, str, str]]:
    assert invoice.dunning is not None
    return [(each.day, each.outcome.value, each.notice) for each in invoice.dunning.history]


def on(world: CardWorld, day: str) -> list[tuple[DunningAction, CaseState]]:
    """The run of a day at one o'clock: what was done."""
    world.travels_to(f"{day}T01:00")
    return [(each.action, each.after) for each in world.runs_dunning().details]


def test_insufficient_funds_are_retried_on_days_3_and_7_told_on_0_3_and_7_and_reviewed_on_14(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "insufficient_funds")
    assert state(world) == (CaseState.PAYMENT_ATTEMPTED, InvoiceStatus.ISSUED, 1)
    assert on(world, "2026-02-01") == [(DunningAction.NOTED, CaseState.RETRY_SCHEDULED)]
    assert [on(world, f"2026-02-0{day}") for day in (2, 3)] == [[], []]
    assert on(world, "2026-02-04") == [(DunningAction.REMINDER, CaseState.REMINDER_SENT)]
    assert state(world) == (CaseState.REMINDER_SENT, InvoiceStatus.ISSUED, 2)
    assert [on(world, f"2026-02-0{day}") for day in (5, 6, 7)] == [[], [], []]
    assert on(world, "2026-02-08") == [(DunningAction.URGENT_NOTICE, CaseState.URGENT_NOTICE)]
    assert state(world) == (CaseState.URGENT_NOTICE, InvoiceStatus.ISSUED, 3)
    assert on(world, "2026-02-14") == []
    assert on(world, "2026-02-15") == [(DunningAction.MANUAL_REVIEW, CaseState.MANUAL_REVIEW)]
    assert on(world, "2026-02-15") == []
    assert world.sent.kinds(ADDRESS) == ["payment_failed", "payment_reminder", "urgent_notice"]
    assert days(the_invoice(world)) == [
        (0, "done", ""),
        (3, "done", "payment_reminder"),
        (7, "done", "urgent_notice"),
        (14, "done", ""),
    ]
    case = the_invoice(world).dunning
    assert case is not None
    assert case.review is not None
    assert (case.tries, case.in_review, case.review.reason) == (2, True, "day 14: unpaid after 2 retries and 2 notices")


def test_the_service_is_suspended_on_day_21_and_back_when_the_invoice_is_paid(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "insufficient_funds")
    for day in ("01", "04", "08", "15", "21"):
        on(world, f"2026-02-{day}")
    assert on(world, "2026-02-22") == [(DunningAction.SUSPENDED, CaseState.SUSPENDED)]
    [customer] = Customers.of(world.documents, "acme").get(["lumen"])
    assert customer is not None
    assert customer.value.suspended_at == world.now
    pay_by_transfer(world, the_invoice(world))
    on(world, "2026-02-23")
    [customer] = Customers.of(world.documents, "acme").get(["lumen"])
    assert customer is not None
    assert customer.value.suspended_at is None
    assert state(world)[:2] == (CaseState.PAID, InvoiceStatus.PAID)
    assert {"service_suspended", "service_restored"} <= set(world.sent.kinds(ADDRESS))
    assert on(world, "2026-02-24") == []


def test_an_expired_card_is_not_tried_again_until_another_is_saved(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "expired_card")
    assert on(world, "2026-02-01") == [(DunningAction.NOTED, CaseState.PAYMENT_ATTEMPTED)]
    assert on(world, "2026-02-04") == [(DunningAction.REMINDER, CaseState.REMINDER_SENT)]
    assert state(world)[2] == 1
    world.saves_card("lumen", card="pm_card_mastercard")
    assert on(world, "2026-02-08") == [(DunningAction.RECOVERED, CaseState.PAID)]
    [first, second] = the_invoice(world).attempts
    assert (first.status, second.status, second.source) == (
        AttemptStatus.DECLINED,
        AttemptStatus.SUCCEEDED,
        AttemptSource.SCHEDULE,
    )
    assert world.sent.kinds(ADDRESS) == ["payment_reminder", "receipt", "update_payment_method"]


def test_a_stolen_card_is_a_case_for_a_person_at_once(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "stolen_card")
    assert on(world, "2026-02-01") == [(DunningAction.MANUAL_REVIEW, CaseState.MANUAL_REVIEW)]
    assert [on(world, f"2026-02-{day}") for day in ("04", "08", "15")] == [[], [], []]
    assert world.sent.kinds(ADDRESS) == ["payment_failed"]
    assert "tenant_review_needed" in world.sent.kinds("owner@acme.test")


def test_an_outage_from_day_2_to_day_8_sends_one_urgent_notice_and_records_the_reminder_as_passed_over(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "insufficient_funds")
    on(world, "2026-02-01")
    assert on(world, "2026-02-09") == [(DunningAction.URGENT_NOTICE, CaseState.URGENT_NOTICE)]
    assert days(the_invoice(world)) == [(0, "done", ""), (3, "passed_over", ""), (7, "done", "urgent_notice")]
    assert world.sent.kinds(ADDRESS) == ["payment_failed", "urgent_notice"]
    assert state(world)[2] == 2


def test_a_payment_one_second_before_a_step_ends_it(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "insufficient_funds")
    on(world, "2026-02-01")
    world.travels_to("2026-02-04T00:59:59")
    pay_by_transfer(world, the_invoice(world))
    assert on(world, "2026-02-04") == []
    assert world.sent.kinds(ADDRESS) == ["payment_failed"]
    assert state(world) == (CaseState.PAID, InvoiceStatus.PAID, 1)


def test_a_transfer_customer_is_chased_from_the_first_day_overdue(world: CardWorld) -> None:
    """Issued on 1 February with 30 days: due on 3 March, overdue from the 4th."""
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    assert on(world, "2026-03-03") == []
    assert on(world, "2026-03-04") == [
        (DunningAction.OVERDUE, CaseState.ISSUED),
        (DunningAction.NOTED, CaseState.ISSUED),
    ]
    assert state(world) == (CaseState.ISSUED, InvoiceStatus.OVERDUE, 0)
    assert on(world, "2026-03-07") == [(DunningAction.REMINDER, CaseState.REMINDER_SENT)]
    assert on(world, "2026-03-11") == [(DunningAction.URGENT_NOTICE, CaseState.URGENT_NOTICE)]
    assert on(world, "2026-03-18") == [(DunningAction.MANUAL_REVIEW, CaseState.MANUAL_REVIEW)]
    assert (world.taken(), state(world)[2]) == ([], 0)


def test_a_dry_run_says_what_it_would_do_and_does_nothing(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "insufficient_funds")
    on(world, "2026-02-01")
    world.travels_to("2026-02-04T01:00")
    before, mails = world.everything(), len(world.sent.sent)
    report = world.runs_dunning(dry_run=True)
    assert [(each.action, each.notice, each.day) for each in report.details] == [
        (DunningAction.REMINDER, "payment_reminder", 3)
    ]
    assert (world.everything(), len(world.sent.sent), state(world)[2]) == (before, mails, 1)


def test_a_dry_run_tells_the_steps_of_the_run_itself_also_of_a_case_that_falls_overdue(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """The card's case is due on 4 March, and its invoice is overdue since; so is the transfer, a case from then on."""
    fails(sandbox, world, "expired_card")
    world.joins("wire", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    on(world, "2026-02-01")
    world.travels_to("2026-03-04T01:00")
    dry, real = world.runs_dunning(dry_run=True), world.runs_dunning()

    def told(report: DunningReport) -> list[tuple[str, str, int]]:
        return sorted((each.customer_id, each.action.value, each.day or 0) for each in report.details)

    assert told(dry) == told(real)
    assert [action for customer, action, _ in told(real) if customer == "lumen"] == ["overdue", "suspended"]


@pytest.mark.parametrize("code", ["insufficient_funds", "expired_card"])
def test_every_transition_of_a_case_is_in_the_audit_log(sandbox: RunningSandbox, world: CardWorld, code: str) -> None:
    from billing.store.audit import AuditLog

    fails(sandbox, world, code)
    for day in ("01", "04", "08", "15", "22"):
        on(world, f"2026-02-{day}")
    found = AuditLog.of(world.documents, "acme").about(f"invoices/{the_invoice(world).id}")
    moves = [
        (each.before, each.after) for each in found if each.event.startswith("dunning.") and each.before != each.after
    ]
    retry = [("payment_attempted", "retry_scheduled")] if code == "insufficient_funds" else []
    reminded = "retry_scheduled" if retry else "payment_attempted"
    assert moves == [
        ("issued", "payment_attempted"),
        *retry,
        (reminded, "reminder_sent"),
        ("reminder_sent", "urgent_notice"),
        ("urgent_notice", "manual_review"),
        ("manual_review", "suspended"),
    ]


def test_a_limit_holds_for_what_falls_overdue_too(world: CardWorld) -> None:
    for name in ("ada", "bob", "cal"):
        world.joins(name, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    world.travels_to("2026-03-04T01:00")

    first = world.runs_dunning(limit=2)
    rest = world.runs_dunning()

    assert (first.entered, first.complete, rest.entered, rest.complete) == (2, False, 1, True)
