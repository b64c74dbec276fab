"""`billing reviews`, and what becomes of single invoices by hand: what each of these commands takes."""

from pathlib import Path
from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, IdOrNumber, KeptIn, Limit, PayBase, TenantId, Yes
from billing.cli.payment_commands import StripeKey, StripeUrl
from billing.cli.place import Place
from billing.domain.review import ReviewKind, ReviewStatus

reviews_app = command_group("Look at what waits for a decision.")
by_hand_app = typer.Typer()
"""What is added to the commands on invoices."""


@reviews_app.command("list", epilog="\b\nExample:\n  billing reviews list --dir demo")
def list_reviews(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    status: Annotated[ReviewStatus | None, typer.Option(help="Only these.")] = ReviewStatus.OPEN,
    kind: Annotated[ReviewKind | None, typer.Option(help="Only these.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what waits: invoices held for approval, unusual ones, and unpaid ones that a person has to look at."""
    with plain_errors():
        from billing.cli.reviews import ReviewFilter, show_list

        wanted = ReviewFilter(status=status, kind=kind, limit=limit)
        show_list(wanted, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@reviews_app.command("show", epilog="\b\nExample:\n  billing reviews show sub-1047.20260301T000000Z.r0 --dir demo")
def show_review(
    *,
    review: Annotated[str, typer.Argument(metavar="ID", help="The id of a case, or of its invoice.")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show one case: why it was opened, the figures behind it, and what was decided."""
    with plain_errors():
        from billing.cli.reviews import show_one

        show_one(review, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@by_hand_app.command(
    "approve",
    epilog="\b\nExamples:\n  billing invoices approve sub-1047.20260301T000000Z.r0 --dir demo\n"
    "  billing invoices approve --all --yes --dir demo",
)
def approve(
    *,
    invoice_ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Held invoices.")] = None,
    directory: KeptIn,
    all_open: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    tenant: TenantId = None,
    pay_base: PayBase = "http://127.0.0.1:8080",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Issue held invoices: consecutive numbers, oldest bill first, dated today. They never change afterwards."""
    with plain_errors():
        from billing.cli.by_hand import run_approve

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json, pay_base=pay_base)
        code = run_approve(invoice_ids or [], all_open=all_open, yes=yes, place=place)
    raise typer.Exit(code)


@by_hand_app.command(
    "reject",
    epilog="\b\nExample:\n  billing invoices reject sub-1047.20260301T000000Z.r0 --note 'wrong plan' --dir demo",
)
def reject(
    *,
    invoice_id: Annotated[str, typer.Argument(metavar="ID")],
    note: Annotated[str, typer.Option(metavar="TEXT", help="What is wrong with it.")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Take a held invoice back: the next run bills its cycle anew, as things then are. One made by hand is gone."""
    with plain_errors():
        from billing.cli.by_hand import run_reject

        run_reject(invoice_id, note=note, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@by_hand_app.command(
    "void", epilog="\b\nExample:\n  billing invoices void INV-2026-02-0047 --reason 'wrong address' --yes --dir demo"
)
def void(
    *,
    invoice: IdOrNumber,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it goes into the audit log.")],
    directory: KeptIn,
    tenant: TenantId = None,
    stripe_key: StripeKey = None,
    stripe_url: StripeUrl = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make an issued invoice void, of which nothing was paid. It keeps its number; `reissue` bills the period again.

    The hosted page that is open for it is closed; the exit code is 1 where Stripe could not be asked.
    """
    with plain_errors():
        from billing.cli.by_hand import run_void
        from billing.cli.local_gateway import LocalStripe

        stripe = LocalStripe(key=stripe_key, url=stripe_url)
        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        code = run_void(invoice, reason=reason, yes=yes, stripe=stripe, place=place)
    raise typer.Exit(code)


@by_hand_app.command(
    "write-off",
    epilog="\b\nExample:\n  billing invoices write-off INV-2026-02-0047 --reason 'insolvent' --yes --dir demo",
)
def write_off(
    *,
    invoice: IdOrNumber,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it goes into the audit log.")],
    directory: KeptIn,
    tenant: TenantId = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give up what is still owed of an invoice: nobody is chased or charged for it. Late money is still booked."""
    with plain_errors():
        from billing.cli.by_hand import run_write_off

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_write_off(invoice, reason=reason, yes=yes, place=place)


@by_hand_app.command("reissue", epilog="\b\nExample:\n  billing invoices reissue INV-2026-02-0047 --dir demo")
def reissue(
    *,
    invoice: IdOrNumber,
    directory: KeptIn,
    tenant: TenantId = None,
    pay_base: PayBase = "http://127.0.0.1:8080",
    as_json: AsJson = False,
) -> None:
    """Invoice the period of a void invoice again: a revision with a new number, of what is known now.

    What comes out below zero is a credit note onto the customer's balance.
    """
    with plain_errors():
        from billing.cli.by_hand import run_reissue

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json, pay_base=pay_base)
        code = run_reissue(invoice, place=place)
    raise typer.Exit(code)


@by_hand_app.command(
    "send",
    epilog="\b\nExamples:\n  billing invoices send INV-2026-02-0047 --dir demo\n"
    "  billing invoices send INV-2026-02-0047 --to accounts@kunde.example --dir demo",
)
def send(
    *,
    invoice: IdOrNumber,
    directory: KeptIn,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Default: the customer's own address.")] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Mail an issued invoice with its PDF once more, also to a customer that looks at its invoices in a portal."""
    with plain_errors():
        from billing.cli.by_hand import run_send

        run_send(invoice, to=to, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@by_hand_app.command(
    "preview",
    epilog="\b\nExamples:\n  billing invoices preview --customer acct-1047 --dir demo\n"
    "  billing invoices preview --subscription sub-1047 --at 2026-03-20 --pdf preview.pdf --dir demo",
)
def preview(
    *,
    directory: KeptIn,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Each of this customer's subscriptions.")] = None,
    subscription: Annotated[str | None, typer.Option(metavar="ID", help="This subscription.")] = None,
    at: Annotated[str | None, typer.Option(metavar="DATE|INSTANT", help="As it stands then. Default: now.")] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it into this file as well.")] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show the next invoice as it stands at a date, usage so far and fees as they will be; nothing is written."""
    with plain_errors():
        from billing.cli.preview import Wanted, show_preview

        wanted = Wanted(customer_id=customer, subscription_id=subscription, at=at, pdf=pdf)
        show_preview(wanted, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
