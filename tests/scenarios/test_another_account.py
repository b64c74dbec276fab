"""A tenant that moved to another account at the gateway, which knows nothing of what the earlier one began."""

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.case_decision import BackToSchedule
from billing.domain.credit_request import AmountCredit
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.domain.payment import PaymentSource
from billing.ports import NotAtGateway
from billing.sandbox.server import RunningSandbox
from billing.usecases.follow_payment import follow_payment
from billing.usecases.open_payment import open_payment
from billing.usecases.record_payment import NewPayment, record_payment
from billing.usecases.resolve_case import resolve_case
from tests.collected_invoice import CARD, COLLECT, bills, running, sandbox, the_invoice, unknown, world
from tests.collecting import CardWorld
from tests.crediting import issue
from tests.sandbox_client import browse
from tests.scenarios.test_closed_before_its_charge_ended import BACK, Close, closings, unanswered
from tests.slow_charges import nights, under_way
from tests.unpaid import NUMBER, dunned_on, the_case

__all__ = ["running", "sandbox", "world"]


def moves(sandbox: RunningSandbox, world: CardWorld) -> None:
    world.stripe.inner = StripeGateway(f"{world.key}moved", base_url=sandbox.url, timeout_seconds=5)


def nobody_waits(world: CardWorld, close: Close) -> None:
    """Once the invoice is closed, the next night is told of no failure, and asks for the last time."""
    close(world)
    world.travels_to("2026-02-06")
    report = world.runs_billing()
    assert (report.unsettled, COLLECT in the_invoice(world).pending) == (0, False)


def opens_page(world: CardWorld) -> str:
    """The customer's page at the first account."""
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    return open_payment(world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call()).id


@closings
def test_a_page_of_the_earlier_one_is_not_asked_about_for_ever(
    sandbox: RunningSandbox, world: CardWorld, close: Close
) -> None:
    opens_page(world)
    moves(sandbox, world)
    nobody_waits(world, close)


@closings
def test_nor_is_a_debit(sandbox: RunningSandbox, world: CardWorld, close: Close) -> None:
    under_way(world)
    moves(sandbox, world)
    nobody_waits(world, close)


def knows_no_such_customer(verb: str) -> None:
    if verb == "find_charge":
        raise NotAtGateway("stripe", reason="No such customer")


@closings
def test_nor_is_a_charge_without_an_answer(sandbox: RunningSandbox, world: CardWorld, close: Close) -> None:
    unanswered(sandbox, world, fault="lose_answer")
    world.stripe.before = knows_no_such_customer
    nobody_waits(world, close)


def test_a_page_of_what_is_owed_keeps_no_credit_note_waiting_and_is_not_forgotten(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """It may be paid, and 39.00 are asked for: whoever mistook the account finds the page again."""
    page = opens_page(world)
    moves(sandbox, world)
    issue(world, AmountCredit(amount=1000))
    world.travels_to("2026-02-02")
    assert world.runs_billing().unsettled == 0
    assert ([each.pending for each in world.credit_notes()], the_invoice(world).checkout_id) == ([()], page)


def test_a_charge_of_what_is_owed_is_looked_up_until_somebody_has_an_answer(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    unknown(sandbox, world, "lose_answer")
    world.stripe.before = knows_no_such_customer
    world.travels_to("2026-02-02")
    assert world.runs_billing().unsettled == 1
    assert (COLLECT in the_invoice(world).pending, world.taken()) == (True, [4900])


def test_what_was_paid_now_is_given_back_beside_what_an_earlier_account_took(world: CardWorld) -> None:
    """20.00 came by the earlier one and 29.00 on the page; 10.00 of the latter go back."""
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    earlier = NewPayment(
        id="stripe.pi_earlier",
        amount=2000,
        currency="USD",
        source=PaymentSource.CARD,
        received_at=world.now,
        invoice_ids=(the_invoice(world).id,),
        gateway_id="pi_earlier",
    )
    record_payment(world.documents, earlier, call=world.call())
    page = open_payment(world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call())
    assert browse(page.url, CARD).status == 303
    payment_id = world.stripe.inner.checkout(page.id).payment_id
    follow_payment(world.documents, world.stripe.inner, payment_id, call=world.call())
    issue(world, AmountCredit(amount=1000))
    nights(world, "2026-02-02")
    assert [each.pending for each in world.credit_notes()] == [()]
    refunds = world.account.v1.refunds.list({}).data
    assert [(each.payment_intent, each.amount) for each in refunds] == [(payment_id, 1000)]


def test_a_debit_of_what_is_owed_is_for_a_person_and_booked_if_the_first_account_is_back(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """Overdue since 4 March: nobody is reminded of what may be on its way, and nothing fails night by night."""
    gateway, payment_id = under_way(world)
    moves(sandbox, world)
    world.travels_to("2026-03-04T01:00")
    report = world.runs_dunning()
    assert ([each.action.value for each in report.details], report.failures) == (["overdue", "manual_review"], [])
    case = the_case(world)
    assert case.review is not None
    assert case.review.reason.startswith(f"the gateway does not know the payment {payment_id}, which is under way: ")
    assert dunned_on(world, "2026-03-05", "2026-03-20") == []
    assert "payment_reminder" not in world.sent.kinds()
    assert world.sent.kinds().count("tenant_review_needed") == 1
    world.stripe.inner = gateway
    gateway.succeeds(payment_id)
    assert dunned_on(world, "2026-03-21") == ["recovered"]
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])


def test_once_a_person_has_decided_each_run_names_it_as_long_as_it_is_unknown(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    under_way(world)
    moves(sandbox, world)
    dunned_on(world, "2026-03-04")
    resolve_case(world.documents, NUMBER, resolution=BackToSchedule(), note="it will come", call=world.call())
    world.travels_to("2026-03-06T01:00")
    report = world.runs_dunning()
    assert (report.details, [each.code for each in report.failures]) == ([], ["gateway_refused"])
