"""A person decides on cases: promises, disputes, and the queue's four ways out; each once, whoever else is at it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

import pytest

from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.case_decision import (
    BackToSchedule,
    CaseDecision,
    CaseIsOver,
    ExtendUntil,
    NotInReview,
    RetryNow,
    WriteOff,
)
from billing.domain.dunning_case import CaseResolution, CaseReview, DunningCase, PauseReason
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput
from billing.domain.invoice import InvoiceStatus
from billing.ports import Documents, Write
from billing.sandbox.server import RunningSandbox
from billing.store.audit import AuditLog
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.pause_dunning import pause_dunning
from billing.usecases.resolve_case import ResolvedCase, resolve_case
from billing.usecases.resume_dunning import resume_dunning
from billing.usecases.retry_case import NothingToCharge
from tests.collected_invoice import INTENTS, bills, pay_by_transfer, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.watched_documents import WatchedDocuments

__all__ = ["running", "sandbox", "world"]

NUMBER = "INV-2026-01-0001"


def fails(sandbox: RunningSandbox, world: CardWorld, code: str) -> str:
    """A first charge on 1 February, day 0, that is declined, and that day's run; the gateway's id of the card."""
    world.joins("lumen", card=None)
    card = world.saves_card("lumen")
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": code})
    bills(world)
    on(world, "2026-02-01")
    return card


def on(world: CardWorld, day: str) -> list[str]:
    """The run of a day: what was done."""
    world.travels_to(f"{day}T01:00")
    return [each.action.value for each in world.runs_dunning().details]


def decides(
    world: CardWorld, decision: CaseDecision, *, note: str = "as agreed", through: Documents | None = None
) -> ResolvedCase:
    gateway = world.gateway
    return resolve_case(
        through or world.documents,
        NUMBER,
        resolution=decision,
        note=note,
        call=world.call(),
        gateway=None if gateway is None else lambda: gateway,
    )


def promises(world: CardWorld, until: date, *, through: Documents | None = None) -> None:
    pause_dunning(
        through or world.documents,
        NUMBER,
        reason=PauseReason.PROMISE,
        until=until,
        note="called",
        call=world.call(),
    )


def the_case(world: CardWorld) -> DunningCase:
    case = the_invoice(world).dunning
    assert case is not None
    return case


def the_review(world: CardWorld) -> CaseReview:
    review = the_case(world).review
    assert review is not None
    return review


def recorded(world: CardWorld, *events: str) -> list[tuple[str, str, str]]:
    """What the audit log says of the case by hand: who, what and why."""
    found = AuditLog.of(world.documents, "acme").about(f"invoices/{the_invoice(world).id}")
    return [(each.actor, each.event, each.reason) for each in found if each.event in events]


def test_a_promise_of_six_days_moves_the_reminder_by_exactly_six(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "insufficient_funds")
    world.travels_to("2026-02-02")
    promises(world, date(2026, 2, 8))
    promises(world, date(2026, 2, 8))
    assert [on(world, f"2026-02-0{day}") for day in range(2, 10)] == [[]] * 8
    assert on(world, "2026-02-10") == ["reminder"]  # day 3 would have been 4 February
    assert on(world, "2026-02-14") == ["urgent_notice"]
    assert recorded(world, "dunning.paused") == [("ada", "dunning.paused", "promise until 2026-02-08: called")]


def test_a_dispute_rests_until_it_is_resumed_and_goes_on_with_what_was_next(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "insufficient_funds")
    world.travels_to("2026-02-03")
    pause_dunning(
        world.documents, NUMBER, reason=PauseReason.DISPUTE, until=None, note="wrong usage?", call=world.call()
    )
    assert [on(world, day) for day in ("2026-02-04", "2026-02-20")] == [[], []]
    assert the_case(world).next_at is None
    for _ in range(2):
        resume_dunning(world.documents, NUMBER, note="usage is right", call=world.call())
    assert on(world, "2026-02-20") == []
    assert on(world, "2026-02-21") == ["reminder"]  # day 2 was the last one that counted
    assert recorded(world, "dunning.resumed") == [
        ("ada", "dunning.resumed", "was paused for dispute: usage is right"),
    ]


def test_a_promise_that_comes_between_charge_and_mail_stops_the_mail_and_charges_nothing_twice(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "insufficient_funds")
    promising = iter([date(2026, 2, 10)])

    def somebody_calls(_verb: str) -> None:
        for until in promising:
            promises(world, until)

    world.stripe.after = somebody_calls
    assert on(world, "2026-02-04") == []
    assert the_case(world).pause is not None
    assert world.sent.kinds("lumen@kunde.test").count("payment_reminder") == 0
    assert on(world, "2026-02-09") == []
    assert on(world, "2026-02-10") == ["reminder"]  # with the charge of the 4th: six days of the promise do not count
    assert on(world, "2026-02-13") == []
    assert on(world, "2026-02-14") == ["urgent_notice"]  # day 7 would have been the 8th
    assert world.sent.kinds("lumen@kunde.test").count("payment_reminder") == 1
    assert [(each.day, each.attempt) for each in the_case(world).history] == [(0, 0), (3, 2), (7, 3)]


def test_extended_and_unpaid_on_the_day_it_is_back_in_the_queue_with_the_reason(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "stolen_card")
    assert the_case(world).in_review
    for _ in range(2):
        assert decides(world, ExtendUntil(until=date(2026, 2, 20))).attempt is None
    assert [on(world, day) for day in ("2026-02-15", "2026-02-19")] == [[], []]
    assert not the_case(world).in_review
    assert on(world, "2026-02-20") == ["manual_review"]
    assert the_review(world).reason == "not paid by 2026-02-20, as was promised"
    assert the_case(world).in_review
    assert [reason for _, _, reason in recorded(world, "dunning.review_resolved")] == ["as agreed"]
    assert world.taken() == []


def test_paid_while_it_is_extended_it_is_over(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "stolen_card")
    decides(world, ExtendUntil(until=date(2026, 2, 20)))
    pay_by_transfer(world, the_invoice(world))
    assert on(world, "2026-02-20") == []
    assert (the_case(world).state, the_case(world).in_review) == (CaseState.PAID, False)
    for decision in (RetryNow(), ExtendUntil(until=date(2026, 3, 20)), WriteOff(), BackToSchedule()):
        with pytest.raises(CaseIsOver, match=f"the case of invoice {NUMBER} is over, as it is paid"):
            decides(world, decision)
    with pytest.raises(CaseIsOver):
        promises(world, date(2026, 3, 1))


def test_back_on_its_schedule_the_reminder_goes_out_and_the_last_step_asks_again(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "stolen_card")
    for _ in range(2):
        decides(world, BackToSchedule(), note="the card was found")
    assert [on(world, f"2026-02-{day}") for day in ("04", "08", "15")] == [
        ["reminder"],
        ["urgent_notice"],
        ["manual_review"],
    ]
    assert the_case(world).in_review
    assert len(the_invoice(world).attempts) == 1  # a stolen card is not tried again
    decides(world, ExtendUntil(until=date(2026, 3, 1)))
    with pytest.raises(NotInReview, match="does not wait for a decision"):
        decides(world, ExtendUntil(until=date(2026, 3, 2)))


def test_a_retry_charges_the_new_card_once_and_says_what_was_decided(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "stolen_card")
    world.saves_card("lumen", card="pm_card_mastercard")
    first, again = (decides(world, RetryNow(), note="new card by phone") for _ in range(2))
    assert first == again
    assert first.attempt is not None
    assert (first.attempt.status, first.attempt.source) == (AttemptStatus.SUCCEEDED, AttemptSource.STAFF)
    assert (first.invoice.status, the_case(world).state) == (InvoiceStatus.PAID, CaseState.PAID)
    review = the_review(world)
    assert (review.resolution, review.note, review.actor) == (CaseResolution.RETRIED, "new card by phone", "ada")
    assert world.taken() == [4900]
    assert recorded(world, "dunning.review_resolved") == [("ada", "dunning.review_resolved", "new card by phone")]


def test_a_retry_that_is_declined_stays_in_the_queue_and_is_recorded(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "stolen_card")
    done = decides(world, RetryNow(), note="the bank said try again")
    assert done.attempt is not None
    assert (done.attempt.number, done.attempt.status, done.attempt.code) == (2, AttemptStatus.DECLINED, "stolen_card")
    assert the_case(world).in_review
    assert the_case(world).tries == 0  # only the schedule's own tries count
    assert [each.number for each in the_invoice(world).attempts] == [1, 2]
    assert recorded(world, "dunning.retry_failed") == [
        ("ada", "dunning.retry_failed", "attempt 2: stolen_card: the bank said try again")
    ]
    decides(world, WriteOff())
    assert the_invoice(world).status is InvoiceStatus.UNCOLLECTIBLE


def test_a_retry_needs_a_method_and_a_gateway(sandbox: RunningSandbox, world: CardWorld) -> None:
    world.joins("lumen", card=None)
    bills(world)
    for day in ("01", "04", "08", "15"):
        on(world, f"2026-02-{day}")
    with pytest.raises(NothingToCharge, match="customer lumen has no saved payment method: send its payment link"):
        decides(world, RetryNow())
    world.saves_card("lumen")
    world.gateway = None
    with pytest.raises(NothingToCharge, match="the tenant takes no cards"):
        decides(world, RetryNow())
    assert the_case(world).in_review


def test_a_retry_without_an_answer_decides_nothing_and_the_next_one_finishes_it(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "stolen_card")
    world.saves_card("lumen", card="pm_card_mastercard")
    sandbox.control("POST", "faults", {"kind": "lose_answer", "path": INTENTS, "times": 3})
    lost = decides(world, RetryNow())
    sandbox.control("DELETE", "faults")
    assert lost.attempt is not None
    assert lost.attempt.status is AttemptStatus.UNKNOWN
    assert the_case(world).in_review
    found = decides(world, RetryNow())
    assert found.attempt is not None
    assert (found.attempt.number, found.attempt.status) == (lost.attempt.number, AttemptStatus.SUCCEEDED)
    assert world.taken() == [4900]
    assert the_review(world).resolution is CaseResolution.RETRIED


def test_a_retry_that_died_after_the_charge_is_noted_by_the_next_call(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, "stolen_card")
    world.saves_card("lumen", card="pm_card_mastercard")
    assert world.gateway is not None
    charge_invoice(world.documents, the_invoice(world).id, gateway=world.gateway, call=world.call())
    assert the_review(world).resolution is None
    assert decides(world, RetryNow()).invoice.status is InvoiceStatus.PAID
    assert the_review(world).resolution is CaseResolution.RETRIED
    assert world.taken() == [4900]


def test_two_retries_at_once_take_the_money_once(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "stolen_card")
    world.saves_card("lumen", card="pm_card_mastercard")
    with ThreadPoolExecutor(4) as pool:
        done = [each.result() for each in [pool.submit(decides, world, RetryNow()) for _ in range(4)]]
    assert {each.invoice.status for each in done} == {InvoiceStatus.PAID}
    assert world.taken() == [4900]
    assert the_review(world).resolution is CaseResolution.RETRIED


def test_written_off_nothing_is_sent_or_charged_and_twice_is_once(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "stolen_card")
    mails = len(world.sent.sent)
    first, again = (decides(world, WriteOff(), note="gone out of business") for _ in range(2))
    assert first == again
    assert (first.invoice.status, the_case(world).state) == (InvoiceStatus.UNCOLLECTIBLE, CaseState.WRITTEN_OFF)
    assert (the_review(world).resolution, the_review(world).note) == (
        CaseResolution.WRITTEN_OFF,
        "gone out of business",
    )
    assert [on(world, day) for day in ("2026-02-08", "2026-02-22")] == [[], []]
    assert len(world.sent.sent) == mails
    assert len(recorded(world, "invoice.written_off")) == 1


@pytest.mark.parametrize("note", ["", "  "])
def test_a_decision_without_a_note_is_refused(sandbox: RunningSandbox, world: CardWorld, note: str) -> None:
    fails(sandbox, world, "stolen_card")
    with pytest.raises(InvalidInput, match="note: expected why it was decided so"):
        decides(world, BackToSchedule(), note=note)
    assert the_case(world).in_review


def test_somebody_quicker_is_read_again_and_not_overwritten(sandbox: RunningSandbox, world: CardWorld) -> None:
    """Between the reading and the writing of an extension a payment comes in: it stays, and the case is over."""
    fails(sandbox, world, "stolen_card")
    pays = iter([partial(pay_by_transfer, world, the_invoice(world))])

    def somebody_pays(_writes: Sequence[Write]) -> None:
        for pay in pays:
            pay()

    through = WatchedDocuments(world.documents, before=somebody_pays)
    with pytest.raises(CaseIsOver):
        decides(world, ExtendUntil(until=date(2026, 2, 20)), through=through)
    assert the_invoice(world).status is InvoiceStatus.PAID
    assert the_case(world).pause is None


def test_two_extensions_at_once_are_one_decision(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, "stolen_card")
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(decides, world, ExtendUntil(until=date(2026, 2, day))) for day in (20, 21)]
    refused = [each.exception() for each in tasks if each.exception() is not None]
    assert [type(each) for each in refused] == [NotInReview]
    assert len(recorded(world, "dunning.review_resolved")) == 1
