"""`billing dunning list`, `show`, `resolve`, `pause` and `resume`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, IdOrNumber, KeptIn, Limit, OfCustomer, TenantId, Yes
from billing.cli.payment_commands import StripeKey, StripeUrl
from billing.cli.place import Place
from billing.domain.dunning_policy import CaseState

cases_app = typer.Typer()
"""What is added to the commands of dunning."""

AsOf = Annotated[str | None, typer.Option(metavar="DATE|INSTANT", help="As it stands then. Default: now.")]
_DATE = "DATE|+DAYS"


@cases_app.command(
    "list",
    epilog="\b\nExamples:\n  billing dunning list --dir demo\n  billing dunning list --review --dir demo\n"
    "  billing dunning list --state urgent_notice --dir demo --json",
)
def list_cases(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    review: Annotated[bool, typer.Option("--review", help="Only those that wait for a decision.")] = False,
    state: Annotated[CaseState | None, typer.Option(help="Only these; those that are over as well.")] = None,
    customer: OfCustomer = None,
    as_of: AsOf = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List who is chased, the longest first: what is to pay, how far it is, what comes next and when."""
    with plain_errors():
        from billing.cli.dunning_cases import CaseFilter, show_list

        wanted = CaseFilter(review=review, state=state, customer_id=customer, limit=limit)
        show_list(wanted, as_of=as_of, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@cases_app.command("show", epilog="\b\nExample:\n  billing dunning show INV-2026-02-0047 --dir demo")
def show_case(
    *, invoice: IdOrNumber, directory: KeptIn, tenant: TenantId = None, as_of: AsOf = None, as_json: AsJson = False
) -> None:
    """Show one case: why the invoice is chased, what was tried and sent, what comes next, what can be decided now."""
    with plain_errors():
        from billing.cli.dunning_case_page import show_one

        show_one(invoice, as_of=as_of, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@cases_app.command(
    "resolve",
    epilog="\b\nExamples:\n  billing dunning resolve INV-2026-02-0047 --retry --note 'new card by phone' --dir demo\n"
    "  billing dunning resolve INV-2026-02-0047 --extend-until +14 --note 'pays at month end' --dir demo\n"
    "  billing dunning resolve INV-2026-02-0047 --write-off --note 'insolvent' --yes --dir demo",
)
def resolve(  # noqa: PLR0913 - each is an option of the command
    *,
    invoice: IdOrNumber,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why; it goes into the audit log.")],
    directory: KeptIn,
    retry: Annotated[bool, typer.Option("--retry", help="Charge the saved method now.")] = False,
    extend_until: Annotated[
        str | None, typer.Option(metavar=_DATE, help="Leave it alone until then; unpaid, it is back in the queue.")
    ] = None,
    write_off: Annotated[bool, typer.Option("--write-off", help="Give the invoice up.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the steps that are left.")] = False,
    yes: Yes = False,
    stripe_key: StripeKey = None,
    stripe_url: StripeUrl = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Decide on a case that waits: retry now, extend, write off, or back to its schedule.

    The same decision twice is one. The exit code is 1 where a retry was declined and 3 where nobody answered; then the
    case waits on.
    """
    with plain_errors():
        from billing.cli.dunning_decisions import GivenDecision, run_resolve
        from billing.cli.local_gateway import LocalStripe

        given = GivenDecision(
            invoice=invoice, retry=retry, extend_until=extend_until, write_off=write_off, resume=resume, note=note
        )
        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        code = run_resolve(given, yes=yes, stripe=LocalStripe(key=stripe_key, url=stripe_url), place=place)
    raise typer.Exit(code)


@cases_app.command(
    "pause",
    epilog="\b\nExamples:\n  billing dunning pause INV-2026-02-0047 --promise-until +10 --note 'called' --dir demo\n"
    "  billing dunning pause INV-2026-02-0047 --dispute --note 'usage of 3 February' --dir demo",
)
def pause(  # noqa: PLR0913 - each is an option of the command
    *,
    invoice: IdOrNumber,
    directory: KeptIn,
    promise_until: Annotated[
        str | None, typer.Option(metavar=_DATE, help="The customer promised to pay; it goes on on this day.")
    ] = None,
    dispute: Annotated[bool, typer.Option("--dispute", help="The customer disputes it.")] = False,
    request: Annotated[bool, typer.Option("--request", help="Somebody here asked for it.")] = False,
    until: Annotated[
        str | None, typer.Option(metavar=_DATE, help="Of the last two. Default: until it is resumed.")
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note of your own.")] = "",
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Let a case rest: nothing is sent or charged, and the days do not count."""
    with plain_errors():
        from billing.cli.dunning_decisions import GivenPause, run_pause

        given = GivenPause(
            invoice=invoice, promise_until=promise_until, dispute=dispute, request=request, until=until, note=note
        )
        run_pause(given, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@cases_app.command("resume", epilog="\b\nExample:\n  billing dunning resume INV-2026-02-0047 --dir demo")
def resume_(
    *,
    invoice: IdOrNumber,
    directory: KeptIn,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note of your own.")] = "",
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """End a pause before its day: the case goes on where it stopped."""
    with plain_errors():
        from billing.cli.dunning_decisions import run_resume

        run_resume(invoice, note=note, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
