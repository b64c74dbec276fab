"""An issued invoice is credited: its amount due first, then what was paid; once, whatever happens in between."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from billing.domain.credit import CreditRefund
from billing.domain.credit_request import AmountCredit
from billing.domain.crediting import InvoiceNotCreditable
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus, SettlementStep
from billing.domain.invoice_life import InvoiceNotVoidable
from billing.domain.payment import RefundState, RefundTarget
from billing.ports import RefundStatus, StoreUnavailable, Write
from billing.usecases.issue_credit_note import OtherCreditNote
from billing.usecases.reverse_payment import dispute_payment, reverse_payment
from tests.builders import a_fee, a_plan
from tests.crediting import gives_back, issue, payment, pays, settles, world
from tests.paying import RefundingGateway, balance
from tests.reviewing import call, settings, void
from tests.world import World

__all__ = ["world"]

METHOD, BALANCE = RefundTarget.METHOD, RefundTarget.BALANCE


def state(world: World) -> tuple[InvoiceStatus, int, int, int]:
    invoice = world.invoices()[0]
    return invoice.status, invoice.amount_paid, invoice.amount_credited, invoice.amount_due


def test_an_unpaid_invoice_is_credited_whole_and_owed_no_more(world: World) -> None:
    note = gives_back(world)
    assert (note.id, note.number, note.total) == (f"{world.invoices()[0].id}.c.k1", "CN-2026-01-0001", 4900)
    assert (note.reason, note.notes, note.issued_on.isoformat()) == ("outage", ("outage",), "2026-02-01")
    assert state(world) == (InvoiceStatus.PAID, 0, 4900, 0)
    assert note.refunds == ()
    stored = world.stored(f"invoices/{world.invoices()[0].id}")
    assert stored is not None
    assert stored.fields["amount_due"] == 0


def test_a_part_lowers_what_is_due(world: World) -> None:
    gives_back(world, AmountCredit(amount=1900))
    assert state(world) == (InvoiceStatus.ISSUED, 0, 1900, 3000)
    pays(world, 3000)
    assert state(world) == (InvoiceStatus.PAID, 3000, 1900, 0)


def test_its_files_name_the_invoice_and_it_is_settled(world: World) -> None:
    gives_back(world)
    settled = settles(world)
    [note] = world.credit_notes()
    assert (settled.done, settled.failures, note.pending) == ([note.id], [], ())
    assert world.objects.get(note.attachments[0].key) == b"%PDF CN-2026-01-0001 4900 of INV-2026-01-0001"


def test_what_was_paid_by_card_goes_back_to_the_card_once(world: World) -> None:
    pays(world, 4900, gateway_id="pi_1")
    note = gives_back(world)
    assert note.refunds == (CreditRefund(payment_id="p1", amount=4900, target=METHOD),)
    assert state(world) == (InvoiceStatus.PAID, 4900, 4900, 0)
    assert world.invoices()[0].overpaid == 4900  # until the refund is made
    stripe = RefundingGateway()
    for _ in range(2):
        settles(world, gateway=stripe)
    assert [(each.amount, each.key) for each in stripe.made.values()] == [(4900, f"acme/p1/refund/{note.id}")]
    assert state(world) == (InvoiceStatus.PAID, 0, 4900, 0)
    assert world.invoices()[0].overpaid == 0
    assert world.credit_notes()[0].pending == ()
    assert balance(world) == 0


def test_what_was_paid_by_transfer_goes_to_the_balance(world: World) -> None:
    pays(world, 4900)
    note = gives_back(world, AmountCredit(amount=900))
    assert (note.balance_added, note.refunds[0].target) == (900, BALANCE)
    settles(world)
    assert state(world) == (InvoiceStatus.PAID, 4000, 900, 0)
    assert balance(world) == 900


def test_the_amount_due_is_lowered_first_and_only_the_rest_goes_back(world: World) -> None:
    """49.00, of which 20.00 are paid: of a credit of 40.00 29.00 were still due, and 11.00 go back."""
    pays(world, 2000, gateway_id="pi_1")
    note = gives_back(world, AmountCredit(amount=4000))
    assert note.refunds == (CreditRefund(payment_id="p1", amount=1100, target=METHOD),)
    settles(world, gateway=RefundingGateway())
    assert state(world) == (InvoiceStatus.PAID, 900, 4000, 0)


def test_of_several_payments_the_newest_is_given_back_first(world: World) -> None:
    pays(world, 2900)
    world.travels_to("2026-02-05")
    pays(world, 2000, id="p2", gateway_id="pi_2")
    note = gives_back(world, AmountCredit(amount=3000))
    assert note.refunds == (
        CreditRefund(payment_id="p2", amount=2000, target=METHOD),
        CreditRefund(payment_id="p1", amount=1000, target=BALANCE),
    )


def test_two_notes_before_any_refund_never_give_the_same_money_back(world: World) -> None:
    pays(world, 2900)
    world.travels_to("2026-02-05")
    pays(world, 2000, id="p2", gateway_id="pi_2")
    gives_back(world, AmountCredit(amount=1500))
    second = gives_back(world, AmountCredit(amount=1500), key="k2")
    assert second.refunds == (
        CreditRefund(payment_id="p2", amount=500, target=METHOD),
        CreditRefund(payment_id="p1", amount=1000, target=BALANCE),
    )
    settles(world, gateway=RefundingGateway())
    assert state(world) == (InvoiceStatus.PAID, 1900, 3000, 0)
    third = gives_back(world, key="k3")
    assert third.refunds == (CreditRefund(payment_id="p1", amount=1900, target=BALANCE),)


def test_card_money_goes_to_the_balance_where_that_is_asked(world: World) -> None:
    pays(world, 4900, gateway_id="pi_1")
    gives_back(world, refund_to=BALANCE)
    settles(world)
    assert balance(world) == 4900
    assert state(world) == (InvoiceStatus.PAID, 0, 4900, 0)


def test_a_transfer_can_not_be_asked_back_to_its_method(world: World) -> None:
    pays(world, 4900)
    before = world.everything()
    with pytest.raises(InvoiceNotCreditable, match="payment p1 can't be refunded to its method: let it go to the"):
        gives_back(world, refund_to=METHOD)
    assert world.everything() == before


def test_what_the_gateway_refuses_to_give_back_goes_to_the_balance(world: World) -> None:
    pays(world, 4900, gateway_id="pi_1")
    note = gives_back(world)
    settles(world, gateway=RefundingGateway(status=RefundStatus.FAILED))
    assert [(each.id, each.state) for each in payment(world).refunds] == [
        (note.id, RefundState.FAILED),
        (f"{note.id}.balance", RefundState.DONE),
    ]
    assert (balance(world), world.credit_notes()[0].pending) == (4900, ())


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_refund_whose_answer_is_lost_is_finished_by_the_next_sweep(world: World, lost: str) -> None:
    pays(world, 4900, gateway_id="pi_1")
    note = gives_back(world)
    stripe = RefundingGateway(fails=[lost])
    settled = settles(world, gateway=stripe)
    assert [(each.invoice_id, each.code) for each in settled.failures] == [(note.id, "gateway_unavailable")]
    assert world.credit_notes()[0].pending == (SettlementStep.REFUND,)
    settles(world, gateway=stripe)
    assert len(stripe.made) == 1
    assert state(world) == (InvoiceStatus.PAID, 0, 4900, 0)


def test_a_refund_that_the_gateway_still_works_on_or_that_there_is_no_gateway_for_waits(world: World) -> None:
    pays(world, 4900, gateway_id="pi_1")
    gives_back(world)
    settles(world)
    assert world.credit_notes()[0].pending == (SettlementStep.REFUND,)
    stripe = RefundingGateway(status=RefundStatus.PENDING)
    settles(world, gateway=stripe)
    assert world.credit_notes()[0].pending == (SettlementStep.REFUND,)
    [(key, made)] = stripe.made.items()
    stripe.made[key] = replace(made, status=RefundStatus.SUCCEEDED)
    settles(world, gateway=stripe)
    assert (world.credit_notes()[0].pending, state(world)[1]) == ((), 0)


@pytest.mark.parametrize("to", [RefundTarget.METHOD, RefundTarget.BALANCE])
def test_what_the_bank_took_back_is_not_given_back_once_more(world: World, to: RefundTarget) -> None:
    """49.00 were paid, 10.00 of them credited: once all went back, 39.00 are owed, and nobody gets the 10.00 again."""
    pays(world, 4900, gateway_id="pi_1")
    gives_back(world, AmountCredit(amount=1000), refund_to=to)
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    stripe = RefundingGateway()
    assert settles(world, gateway=stripe).failures == []
    [note] = world.credit_notes()
    assert (SettlementStep.REFUND in note.pending, stripe.made, balance(world)) == (False, {}, 0)
    assert world.invoices()[0].amount_due == 3900


def test_a_refund_that_is_refused_since_the_bank_took_all_back_is_none_to_the_balance(world: World) -> None:
    pays(world, 4900, gateway_id="pi_1")
    gives_back(world, AmountCredit(amount=1000))
    settles(world, gateway=RefundingGateway(fails=["before"]))
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    assert settles(world, gateway=RefundingGateway(fails=["refused"])).failures == []
    [note] = world.credit_notes()
    assert (SettlementStep.REFUND in note.pending, balance(world)) == (False, 0)
    assert world.invoices()[0].amount_due == 3900


def test_money_that_is_disputed_is_not_given_back(world: World) -> None:
    pays(world, 4900, gateway_id="pi_1")
    dispute_payment(world.documents, "p1", reason="fraud", call=call(world))
    with pytest.raises(InvoiceNotCreditable, match="10.00 USD of what was paid is disputed or being refunded: wait"):
        gives_back(world, AmountCredit(amount=1000))


def test_the_same_request_again_is_the_same_note(world: World) -> None:
    first = issue(world, AmountCredit(amount=1900))
    before = world.everything()
    again = issue(world, AmountCredit(amount=1900))
    assert (first.known, again.known, again.credit_note) == (False, True, first.credit_note)
    assert world.everything() == before


@pytest.mark.parametrize("changes", [{"what": AmountCredit(amount=2000)}, {"reason": "goodwill"}])
def test_a_key_is_one_credit_note(world: World, changes: dict[str, Any]) -> None:
    issue(world, AmountCredit(amount=1900))
    with pytest.raises(OtherCreditNote, match=r"key 'k1' is that of CN-2026-01-0001 \(19.00 USD, 'outage'\)"):
        issue(world, **{"what": AmountCredit(amount=1900), **changes})


def test_eight_equal_requests_at_once_make_one_note(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        notes = list(pool.map(lambda _: gives_back(world, AmountCredit(amount=1000)), range(8)))
    assert {note.number for note in notes} == {"CN-2026-01-0001"}
    assert state(world)[2] == 1000


def test_of_six_different_requests_at_once_only_what_the_invoice_bears_is_credited(world: World) -> None:
    def try_it(number: int) -> str:
        try:
            return gives_back(world, AmountCredit(amount=1000), key=f"k{number}").number
        except InvalidInput:
            return "refused"

    with ThreadPoolExecutor(6) as pool:
        numbers = sorted(pool.map(try_it, range(6)))
    assert numbers == [*(f"CN-2026-01-000{number}" for number in (1, 2, 3, 4)), "refused", "refused"]
    assert state(world) == (InvoiceStatus.ISSUED, 0, 4000, 900)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_the_commit_the_request_again_makes_one_note(world: World, when: str) -> None:
    inner, killed = world.documents, list[int]()

    class Killed:
        """The store, whose first commit is the last thing that the process does, or all but that."""

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

        def commit(self, writes: Sequence[Write]) -> list[str]:
            if killed:
                return inner.commit(writes)
            killed.append(1)
            if when == "after":
                inner.commit(writes)
            raise StoreUnavailable("documents", reason="killed")

    world.documents = Killed()  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable):
        gives_back(world)
    assert gives_back(world).number == "CN-2026-01-0001"
    assert len(world.credit_notes()) == 1
    assert state(world) == (InvoiceStatus.PAID, 0, 4900, 0)


def test_nothing_is_left_of_a_credited_invoice_and_it_can_not_be_void(world: World) -> None:
    gives_back(world, AmountCredit(amount=100))
    with pytest.raises(InvoiceNotVoidable, match="write a credit note for the rest"):
        void(world, "INV-2026-01-0001")
    gives_back(world, key="k2")
    with pytest.raises(InvoiceNotCreditable, match="nothing is left of it"):
        gives_back(world, key="k3")


def test_a_void_invoice_is_not_credited(world: World) -> None:
    void(world, "INV-2026-01-0001")
    with pytest.raises(InvoiceNotCreditable, match="it is void: nothing is owed for it; `reissue`"):
        gives_back(world)


def test_a_draft_is_rejected_and_not_credited() -> None:
    world = World()
    settings(world, approval=True)
    world.subscribes("acme", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    with pytest.raises(InvoiceNotCreditable, match="it is a draft: reject it"):
        gives_back(world, of=world.invoices()[0].id)


def test_an_unknown_invoice_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="no invoice 'INV-9'"):
        gives_back(world, of="INV-9")
