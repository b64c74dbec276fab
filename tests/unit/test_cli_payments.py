"""`billing payments` and `billing customers`: money booked, given back and undone by hand, and what is shown of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from billing.adapters.stripe_gateway import StripeGateway
from billing.cli.local_gateway import LOCAL_STRIPE_KEY, SANDBOX_FILE
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import PaymentSource
from billing.ports import ChargeOrder, Succeeded
from billing.sandbox.server import running_sandbox
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.record_payment import NewPayment, record_payment
from billing.wiring import local_engine
from tests.builders import a_fee, a_plan, a_tenant, utc
from tests.command_line import asked, billing
from tests.sandbox_client import StandingClock
from tests.world import World

JANUARY, FEBRUARY = "INV-2026-01-0001", "INV-2026-02-0001"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two invoices of 49.00 for acme, January's and February's, and one for other; the seller is in New York."""
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    tenant = a_tenant(zone="America/New_York", gateway="stripe")
    world = World(documents=engine.documents, objects=engine.objects, tenant=tenant)
    plan = world.plan(a_plan(fees=[a_fee("49.00")]))
    world.subscribes("acme", to=plan, on="2026-01-01")
    world.subscribes("other", to=plan, on="2026-02-01")
    world.travels_to("2026-03-01T12:00:00")
    world.runs_billing()
    return tmp_path


def payments(*arguments: str, directory: Path) -> Result:
    return billing("payments", *arguments, directory=directory)


def record(*arguments: str, directory: Path) -> dict[str, Any]:
    return asked("payments", "record", "--received-on", "2026-03-05", *arguments, directory=directory)


def due(directory: Path) -> list[int]:
    found = Invoices.of(local_engine(directory, payment_link_base="").documents, "acme").of_customer("acme")
    return [each.amount_due for each in found]


def balance(directory: Path) -> int:
    [found] = Customers.of(local_engine(directory, payment_link_base="").documents, "acme").get(["acme"])
    assert found is not None
    return found.value.credit_balance


def test_a_payment_pays_its_invoices_in_order_and_the_rest_is_credit(directory: Path) -> None:
    arguments = ("--invoice", JANUARY, "--invoice", FEBRUARY, "--amount", "100.00")
    booked = record(*arguments, directory=directory)
    assert [(each["number"], each["amount"]) for each in booked["payment"]["applications"]] == [
        (JANUARY, "49.00"),
        (FEBRUARY, "49.00"),
    ]
    assert [(each["status"], each["amount_due"]) for each in booked["invoices"]] == [("paid", "0.00")] * 2
    assert (booked["known"], booked["payment"]["to_balance"], balance(directory)) == (False, "2.00", 200)


@pytest.mark.parametrize("amount", ["49", "49.0", "49.00"])
def test_the_same_line_typed_twice_books_once_however_the_amount_is_written(directory: Path, amount: str) -> None:
    first = record("--invoice", JANUARY, "--amount", "49.00", directory=directory)
    again = record("--invoice", JANUARY, "--amount", amount, "--customer", "acme", directory=directory)
    assert (first["known"], again["known"]) == (False, True)
    assert again["payment"] == first["payment"]
    assert asked("payments", "list", directory=directory)["totals"][0]["received"] == "49.00"


@pytest.mark.parametrize(
    "other",
    [
        ("--reference", "second half"),
        ("--source", "manual"),
        ("--received-on", "2026-03-06"),
        ("--amount", "10.01"),
        ("--id", "second"),
    ],
)
def test_a_line_that_differs_is_another_payment(directory: Path, other: tuple[str, str]) -> None:
    record("--invoice", JANUARY, "--amount", "10.00", directory=directory)
    assert not record("--invoice", JANUARY, "--amount", "10.00", *other, directory=directory)["known"]


def test_money_without_an_invoice_goes_to_the_balance(directory: Path) -> None:
    booked = record("--customer", "acme", "--amount", "12.34", directory=directory)
    assert (booked["payment"]["applications"], booked["payment"]["to_balance"]) == ([], "12.34")
    assert balance(directory) == 1234


def test_a_date_is_the_start_of_that_day_where_the_seller_is(directory: Path) -> None:
    booked = record("--customer", "acme", "--amount", "1.00", directory=directory)
    assert booked["payment"]["received_at"] == "2026-03-05T05:00:00+00:00"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--amount", "1.00"), "whose money is it? Name an --invoice or a --customer"),
        (("--invoice", JANUARY, "--amount", "1.001"), "--amount: expected at most 2 decimals, got '1.001'"),
        (("--invoice", JANUARY, "--amount", "0"), "--amount: expected more than 0, got '0'"),
        (("--invoice", JANUARY, "--amount", "1,000"), "--amount: expected an exact decimal as text"),
        (("--invoice", JANUARY, "--amount", "1.00", "--currency", "EUR"), "currency: expected USD, as INV-2026-01"),
        (("--invoice", "INV-9", "--amount", "1.00"), "no invoice 'INV-9'"),
        (("--customer", "nobody", "--amount", "1.00"), "no customer 'nobody'"),
        (("--invoice", JANUARY, "--customer", "other", "--amount", "1"), "customer_id: expected one customer"),
        (("--invoice", JANUARY, "--amount", "1", "--source", "card"), "--source: expected bank_transfer or manual"),
        (("--invoice", JANUARY, "--amount", "1", "--id", "a/b"), "--id: expected 1 to 200 letters"),
        (("--invoice", JANUARY, "--amount", "1", "--id", "bank.1"), "--id: expected an id of your own"),
        (
            ("--invoice", JANUARY, "--amount", "1", "--received-on", "2190-01-01"),
            "--received-on: expected when the money came, at most a day after",
        ),
    ],
)
def test_what_can_t_be_booked_is_refused_and_nothing_is_written(
    directory: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = payments("record", "--received-on", "2026-03-05", *arguments, directory=directory)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"billing: {message}")
    assert asked("payments", "list", directory=directory)["payments"] == []


def test_a_hosted_page_that_can_t_be_closed_is_told_of_and_the_payment_stands(directory: Path) -> None:
    documents = local_engine(directory, payment_link_base="").documents
    invoices = Invoices.of(documents, "acme")
    before = invoices.named(JANUARY)
    documents.commit([invoices.money_moved(before, replace(before.value, checkout_id="cs_1"))])
    result = payments(
        "record", "--invoice", JANUARY, "--amount", "49", "--received-on", "2026-03-05", directory=directory
    )
    assert result.exit_code == 1
    assert "paid" in result.stdout
    assert f"{JANUARY} may still be paid by card as well: " in result.stderr
    assert "STRIPE_API_KEY" in result.stderr


def test_a_hosted_page_of_a_void_invoice_that_can_t_be_closed_is_told_of_and_it_is_void(directory: Path) -> None:
    documents = local_engine(directory, payment_link_base="").documents
    invoices = Invoices.of(documents, "acme")
    before = invoices.named(JANUARY)
    documents.commit([invoices.money_moved(before, replace(before.value, checkout_id="cs_1"))])
    result = billing("invoices", "void", JANUARY, "--reason", "wrong", "--yes", directory=directory)
    assert (result.exit_code, invoices.named(JANUARY).value.status) == (1, InvoiceStatus.VOID)
    assert f"{JANUARY}: it may still be paid, on a page or by a charge under way" in result.stderr


def test_the_list_is_by_customer_invoice_month_and_source_with_totals(directory: Path) -> None:
    record("--invoice", JANUARY, "--amount", "10.00", "--id", "one", directory=directory)
    record("--invoice", FEBRUARY, "--amount", "20.00", "--source", "manual", "--id", "two", directory=directory)
    record("--customer", "other", "--amount", "5", "--received-on", "2026-04-01T03:00+00:00", directory=directory)

    def listed(*arguments: str) -> list[str]:
        found = asked("payments", "list", *arguments, directory=directory)
        return [f"{each['customer_id']} {each['amount']}" for each in found["payments"]]

    assert listed() == ["other 5.00", "acme 20.00", "acme 10.00"]
    assert listed("--customer", "acme") == ["acme 20.00", "acme 10.00"]
    assert listed("--invoice", FEBRUARY) == ["acme 20.00"]
    assert listed("--source", "manual") == ["acme 20.00"]
    assert listed("--month", "2026-03", "--customer", "other") == ["other 5.00"]  # 31 March, 23:00 in New York
    assert listed("--month", "2026-04") == []
    limited = asked("payments", "list", "--limit", "1", directory=directory)
    assert (len(limited["payments"]), limited["more"]) == (1, True)
    assert limited["totals"] == [
        {
            "currency": "USD",
            "payments": 3,
            "received": "35.00",
            "from_balance": "0.00",
            "refunded": "0.00",
            "reversed": "0.00",
            "kept": "35.00",
        }
    ]


def test_no_payments_and_no_month_are_said(directory: Path) -> None:
    assert payments("list", directory=directory).stdout == "No payments.\n"
    wrong = payments("list", "--month", "2026-13", directory=directory)
    assert (wrong.exit_code, "--month: expected a month such as 2026-02" in wrong.stderr) == (2, True)


def test_a_payment_is_shown_with_what_became_of_it_and_who_did_it(directory: Path) -> None:
    record("--invoice", JANUARY, "--amount", "50.00", "--id", "one", directory=directory)
    payments(
        *(
            "refund",
            "one",
            "--amount",
            "9.00",
            "--to",
            "balance",
            "--invoice",
            JANUARY,
            "--reason",
            "too dear",
            "--yes",
        ),
        directory=directory,
    )
    shown = asked("payments", "show", "one", directory=directory)
    assert [(each["event"], each["reason"]) for each in shown["history"]] == [
        ("payment.recorded", "50.00 USD by bank_transfer, 1.00 USD to the balance"),
        ("payment.refunded", "9.00 USD to the balance: too dear"),
    ]
    [refund] = shown["refunds"]
    assert (refund["amount"], refund["refund_to"], refund["state"]) == ("9.00", "balance", "done")
    text = payments("show", "one", directory=directory).stdout
    assert f"Refund      9.00 of {JANUARY} to the balance, done  too dear" in text
    missing = payments("show", "two", directory=directory)
    assert (missing.exit_code, missing.stderr) == (2, "billing: no payment 'two'\n")


def test_a_refund_to_the_balance_is_made_once_and_the_invoice_is_owed_again(directory: Path) -> None:
    record("--invoice", JANUARY, "--amount", "49.00", "--id", "one", directory=directory)
    line = ("payments", "refund", "one", "--amount", "9.00", "--to", "balance", "--yes")
    assert not asked(*line, directory=directory)["known"]
    assert asked(*line, "--reason", "again", directory=directory)["known"]
    assert (due(directory), balance(directory)) == ([900, 4900], 900)
    assert not asked(*line, "--id", "second", directory=directory)["known"]
    assert (due(directory), balance(directory)) == ([1800, 4900], 1800)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--amount", "1", "--to", "balance"), f"which part of one? --invoice {JANUARY}, or --from-balance"),
        (("--amount", "60", "--to", "balance", "--invoice", JANUARY), "amount: expected more than 0 and at most 49.00"),
        (("--amount", "1", "--to", "method", "--from-balance"), "STRIPE_API_KEY"),
        (("--amount", "1", "--to", "balance", "--invoice", JANUARY, "--id", "i.c.k"), "--id: expected an id of your"),
        (("--amount", "1", "--to", "balance", "--from-balance", "--invoice", JANUARY), "either --invoice or"),
    ],
)
def test_a_refund_that_can_t_be_is_refused(directory: Path, arguments: tuple[str, ...], message: str) -> None:
    record("--invoice", JANUARY, "--amount", "50.00", "--id", "one", directory=directory)
    result = payments("refund", "one", *arguments, "--yes", directory=directory)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    assert asked("payments", "show", "one", directory=directory)["refunds"] == []


def test_giving_back_and_undoing_ask_first(directory: Path) -> None:
    record("--invoice", JANUARY, "--amount", "49.00", "--id", "one", directory=directory)
    for line in (("refund", "one", "--amount", "9.00", "--to", "balance"), ("reverse", "one", "--reason", "bounced")):
        result = payments(*line, directory=directory)
        assert (result.exit_code, "Say so with --yes" in result.stderr) == (2, True)
    assert due(directory) == [0, 4900]


def test_a_reversed_payment_is_owed_again_and_reversing_it_again_changes_nothing(directory: Path) -> None:
    record("--invoice", JANUARY, "--amount", "50.00", "--id", "one", directory=directory)
    line = ("reverse", "one", "--reason", "returned", "--yes")
    assert payments(*line, directory=directory).stdout.splitlines() == [
        "Reversed one.",
        f"  49.00 USD owed again on {JANUARY}",
        "  1.00 USD taken off the credit balance",
    ]
    assert (due(directory), balance(directory)) == ([4900, 4900], 0)
    assert payments(*line, directory=directory).stdout == "one was reversed before; nothing changed.\n"
    assert asked("payments", *line, directory=directory)["known"]
    assert (due(directory), balance(directory)) == ([4900, 4900], 0)


def test_used_credit_is_not_reversed_as_no_bank_has_it(directory: Path) -> None:
    documents = local_engine(directory, payment_link_base="").documents
    new = NewPayment(
        id="balance.x",
        amount=900,
        currency="USD",
        source=PaymentSource.CREDIT_BALANCE,
        received_at=utc("2026-03-01"),
        invoice_ids=(Invoices.of(documents, "acme").named(JANUARY).value.id,),
    )
    record_payment(documents, new, call=Call(tenant_id="acme", actor="test", recorded_at=utc("2026-03-01")))
    result = payments("reverse", "balance.x", "--reason", "oops", "--yes", directory=directory)
    assert (result.exit_code, "used credit goes back by a refund to the balance" in result.stderr) == (2, True)
    assert due(directory) == [4000, 4900]


def test_a_payment_is_found_by_its_id_at_the_gateway(directory: Path) -> None:
    documents = local_engine(directory, payment_link_base="").documents
    new = NewPayment(
        id="stripe.pi_1",
        amount=900,
        currency="USD",
        source=PaymentSource.CARD,
        received_at=utc("2026-03-01"),
        customer_id="acme",
        gateway_id="pi_1",
    )
    record_payment(documents, new, call=Call(tenant_id="acme", actor="test", recorded_at=utc("2026-03-01")))
    assert asked("payments", "show", "pi_1", directory=directory)["id"] == "stripe.pi_1"


def charged_in_the_sandbox(directory: Path) -> str:
    """January's invoice paid by card in the directory's own sandbox; the payment's id."""
    engine = local_engine(directory, payment_link_base="")
    invoice = Invoices.of(engine.documents, "acme").named(JANUARY).value
    with running_sandbox(clock=StandingClock(), file=directory / SANDBOX_FILE) as sandbox:
        gateway = StripeGateway(LOCAL_STRIPE_KEY, base_url=sandbox.url)
        customer = gateway.save_customer(key="c", customer_id="acme", email="jo@acme.example", name="Jo", known="")
        saved = gateway.save_method(customer, method="pm_card_visa", key="m")
        order = ChargeOrder(
            key="acme/1",
            tenant_id="acme",
            invoice_id=invoice.id,
            invoice_number=JANUARY,
            attempt=1,
            customer=customer,
            method=saved.id,
            amount=4900,
            currency="USD",
            description="Invoice",
        )
        outcome = gateway.charge(order)
    assert isinstance(outcome, Succeeded)
    new = NewPayment(
        id=f"stripe.{outcome.payment_id}",
        amount=4900,
        currency="USD",
        source=PaymentSource.CARD,
        received_at=utc("2026-03-01"),
        invoice_ids=(invoice.id,),
        gateway_id=outcome.payment_id,
    )
    record_payment(engine.documents, new, call=Call(tenant_id="acme", actor="test", recorded_at=utc("2026-03-01")))
    return new.id


def test_a_card_payment_is_given_back_through_the_gateway_once(directory: Path) -> None:
    payment_id = charged_in_the_sandbox(directory)
    line = ("payments", "refund", payment_id, "--amount", "9.00", "--to", "method", "--yes")
    first = asked(*line, directory=directory)
    assert (first["known"], first["refund"]["state"], due(directory)) == (False, "done", [900, 4900])
    again = asked(*line, directory=directory)
    assert (again["known"], again["refund"]) == (True, first["refund"])
    with running_sandbox(clock=StandingClock(), file=directory / SANDBOX_FILE) as sandbox:
        known = StripeGateway(LOCAL_STRIPE_KEY, base_url=sandbox.url).payment(payment_id.removeprefix("stripe."))
    assert [each.amount for each in known.refunds] == [900]


def test_a_stand_in_elsewhere_gets_no_key(directory: Path) -> None:
    record("--invoice", JANUARY, "--amount", "49.00", "--id", "one", directory=directory)
    result = payments(
        *("refund", "one", "--amount", "1", "--to", "method", "--stripe-url", "https://stripe.example", "--yes"),
        directory=directory,
    )
    assert (result.exit_code, "for a stand-in on this machine" in result.stderr) == (2, True)


def test_customers_are_listed_and_shown_with_what_they_owe(directory: Path) -> None:
    record("--invoice", JANUARY, "--amount", "49.00", directory=directory)
    record("--customer", "acme", "--amount", "3.00", directory=directory)
    listed = asked("customers", "list", "--limit", "1", directory=directory)
    assert ([each["customer_id"] for each in listed["customers"]], listed["more"]) == (["acme"], True)
    shown = asked("customers", "show", "acme", directory=directory)
    assert (shown["credit_balance"], shown["active_subscriptions"]) == ("3.00", 1)
    assert [(each["number"], each["amount_due"]) for each in shown["open_invoices"]] == [(FEBRUARY, "49.00")]
    [subscription] = shown["subscriptions"]
    assert subscription["next_bill"] == "2026-04-01T00:00:00+00:00"
    text = billing("customers", "show", "acme", directory=directory).stdout
    assert "Balance       3.00 USD" in text
    assert f"Open invoice  {FEBRUARY}  49.00 USD" in text
    missing = billing("customers", "show", "nobody", directory=directory)
    assert (missing.exit_code, missing.stderr) == (2, "billing: no customer 'nobody'\n")


def test_what_was_written_off_is_in_no_balance(directory: Path) -> None:
    billing("invoices", "write-off", JANUARY, "--reason", "insolvent", "--yes", directory=directory)
    shown, owed = (asked("customers", command, "acme", directory=directory) for command in ("show", "balance"))
    for each in (shown, owed):
        assert [open_invoice["number"] for open_invoice in each["open_invoices"]] == [FEBRUARY]
    assert owed["amount_due"] == "49.00"
