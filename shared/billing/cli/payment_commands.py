"""`billing payments`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, OfCustomer, TenantId, Yes
from billing.cli.place import Place
from billing.domain.payment import PaymentSource, RefundTarget

payments_app = command_group("Money that came in: look at it, book it, give it back.")

PaymentId = Annotated[str, typer.Argument(metavar="PAYMENT", help="Its id, or the gateway's.")]
OwnId = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="An id of your own. Default: made of what you type.")
]
StripeKey = Annotated[
    str | None,
    typer.Option(envvar="STRIPE_API_KEY", metavar="sk_...", help="Default: the directory's sandbox, where it has one."),
]
StripeUrl = Annotated[
    str | None, typer.Option(envvar="STRIPE_BASE_URL", metavar="URL", help="A sandbox that runs on this machine.")
]


@payments_app.command(
    "list",
    epilog="\b\nExamples:\n  billing payments list --month 2026-03 --dir demo\n"
    "  billing payments list --customer acct-1047 --dir demo",
)
def list_payments(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    customer: OfCustomer = None,
    invoice: Annotated[str | None, typer.Option(metavar="ID_OR_NUMBER", help="Only those that paid it.")] = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Only what came in then.")] = None,
    source: Annotated[PaymentSource | None, typer.Option(help="Only what came this way.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many; the totals are of all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List payments, the latest first, with the totals of each currency."""
    with plain_errors():
        from billing.cli.payments import PaymentFilter, show_list

        wanted = PaymentFilter(customer_id=customer, invoice=invoice, month=month, source=source, limit=limit)
        show_list(wanted, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@payments_app.command("show", epilog="\b\nExample:\n  billing payments show manual.3f0c12ab94d07e55 --dir demo")
def show_payment(*, payment: PaymentId, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """Show one payment: what it paid, its refunds, and what the audit log says of it."""
    with plain_errors():
        from billing.cli.payment_page import show_one

        show_one(payment, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@payments_app.command(
    "record",
    epilog="\b\nExamples:\n"
    "  billing payments record --invoice INV-2026-02-0047 --amount 312.91 --received-on 2026-03-05 --dir demo\n"
    "  billing payments record --customer acct-1047 --amount 100.00 --received-on 2026-03-05 --dir demo",
)
def record(  # noqa: PLR0913 - each is an option of the command
    *,
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="What came in: 49.00.")],
    received_on: Annotated[str, typer.Option(metavar="DATE|INSTANT", help="When it came in.")],
    directory: KeptIn,
    invoice: Annotated[
        list[str] | None, typer.Option(metavar="ID_OR_NUMBER", help="What it pays, in this order if there are several.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose it is; without an invoice all of it goes to the balance.")
    ] = None,
    currency: Annotated[str | None, typer.Option(metavar="CODE", help="Default: the invoice's, or customer's.")] = None,
    source: Annotated[PaymentSource, typer.Option(help="bank_transfer or manual.")] = PaymentSource.BANK_TRANSFER,
    reference: Annotated[str, typer.Option(metavar="TEXT", help="The text that came with it.")] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note of your own.")] = "",
    own_id: OwnId = None,
    stripe_key: StripeKey = None,
    stripe_url: StripeUrl = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Book money that came in past the gateway and past the statements that you reconcile; what is over is credit.

    The same line typed twice books once: another payment just like it needs an --id of its own.
    """
    with plain_errors():
        from billing.cli.local_gateway import LocalStripe
        from billing.cli.payment_bookings import GivenPayment, run_record

        given = GivenPayment(
            amount, received_on, tuple(invoice or ()), customer or "", currency, source, reference, note, own_id
        )
        stripe = LocalStripe(key=stripe_key, url=stripe_url)
        code = run_record(given, stripe=stripe, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)


@payments_app.command(
    "refund",
    epilog="\b\nExamples:\n  billing payments refund stripe.pi_3Q --amount 49.00 --to method --dir demo\n"
    "  billing payments refund stripe.pi_3Q --amount 9.00 --to balance --invoice INV-2026-02-0047 --dir demo",
)
def refund(  # noqa: PLR0913 - each is an option of the command
    *,
    payment: PaymentId,
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="How much: 49.00.")],
    to: Annotated[RefundTarget, typer.Option(help="Back the way it came, or onto the credit balance.")],
    directory: KeptIn,
    invoice: Annotated[
        str | None,
        typer.Option(metavar="ID_OR_NUMBER", help="Of the part that paid this one. Default: the only part."),
    ] = None,
    from_balance: Annotated[
        bool, typer.Option("--from-balance", help="Of the part that went to the credit balance.")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the audit log.")] = "",
    own_id: OwnId = None,
    yes: Yes = False,
    stripe_key: StripeKey = None,
    stripe_url: StripeUrl = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Give back a payment or a part of it; its invoice has that much less paid.

    The same line typed twice refunds once: another refund just like it needs an --id of its own.
    """
    with plain_errors():
        from billing.cli.local_gateway import LocalStripe
        from billing.cli.payment_refunds import GivenRefund, run_refund

        given = GivenRefund(payment, amount, to, invoice, from_balance, reason, own_id)
        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        stripe = LocalStripe(key=stripe_key, url=stripe_url)
        code = run_refund(given, yes=yes, stripe=stripe, place=place)
    raise typer.Exit(code)


@payments_app.command(
    "reverse", epilog="\b\nExample:\n  billing payments reverse bank.1f2e --reason 'returned by the bank' --dir demo"
)
def reverse(
    *,
    payment: PaymentId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the audit log.")],
    directory: KeptIn,
    yes: Yes = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Undo a payment that the bank took back or that was booked by mistake: its invoices are owed again."""
    with plain_errors():
        from billing.cli.payment_refunds import run_reverse

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_reverse(payment, reason=reason, yes=yes, place=place)
