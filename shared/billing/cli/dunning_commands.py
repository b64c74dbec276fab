"""`billing dunning`: how the unpaid are chased. What else stands below it adds itself from its own file."""

from pathlib import Path
from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId
from billing.cli.place import Place

dunning_app = command_group("How the unpaid are chased: the policy, and the cases under it.")
policy_app = command_group("What is done on which day: show it, check a file, set it.")
dunning_app.add_typer(policy_app, name="policy")

_File = Annotated[Path, typer.Argument(metavar="FILE", help="A tenant's policies and segments, as JSON.")]


@policy_app.command("show", epilog="\b\nExample:\n  billing dunning policy show --dir demo --name default")
def show_policy(
    *,
    directory: KeptIn,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Only this one.")] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show the policies: steps, suspension, limits, and the segments that follow each.

    With --json they are the content of a file for `policy set`.
    """
    with plain_errors():
        from billing.cli.dunning_policies import show_policies

        show_policies(name, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@policy_app.command("check", epilog="\b\nExample:\n  billing dunning policy check samples/dunning/strict.json")
def check_policy(*, file: _File, as_json: AsJson = False) -> None:
    """Check a file of policies: what is wrong, each with its path, and what is doubtful. Nothing is written."""
    with plain_errors():
        from billing.cli.dunning_policies import check_file

        check_file(file, as_json=as_json)


@policy_app.command(
    "set",
    epilog="\b\nExamples:\n  billing dunning policy set samples/dunning/strict.json --dir demo --dry-run\n"
    "  billing dunning policy show --dir demo --json > policies.json",
)
def set_policy(
    *,
    file: _File,
    directory: KeptIn,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Set the policies from the next run on: what differs, and for how many open cases.

    The file says all of them; one that it leaves out is gone. What was sent and charged stays.
    """
    with plain_errors():
        from billing.cli.dunning_policies import set_file

        set_file(file, dry_run=dry_run, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@policy_app.command(
    "assign",
    epilog="\b\nExamples:\n  billing dunning policy assign acct-1047 --policy enterprise --dir demo\n"
    "  billing dunning policy assign acct-1047 --policy '' --segment enterprise --dir demo",
)
def assign(
    *,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    directory: KeptIn,
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="A policy of its own; '' for that of its segment.")
    ] = None,
    segment: Annotated[str | None, typer.Option(metavar="ID", help="The segment that it is in; '' for none.")] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Say which policy a customer follows from the next run on, by its name or by the customer's segment."""
    with plain_errors():
        from billing.cli.dunning_policies import assign_to

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        assign_to(customer, policy=policy, segment=segment, place=place)


@dunning_app.command(
    "preview",
    epilog="\b\nExamples:\n  billing dunning preview --dir demo --from 2026-03-01\n"
    "  billing dunning preview --dir demo --decline expired_card\n"
    "  billing dunning preview --dir demo --customer acct-1047 --json\n"
    "  billing dunning preview --dir demo --invoice INV-2026-02-0047",
)
def preview_policy(  # noqa: PLR0913 - each is an option of the command
    *,
    directory: KeptIn,
    policy: Annotated[str | None, typer.Option(metavar="NAME", help="An example under this policy.")] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="An invoice of this customer.")] = None,
    invoice: Annotated[str | None, typer.Option(metavar="ID_OR_NUMBER", help="What is ahead of this one.")] = None,
    started_on: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Day 0; of an invoice, the day to look from.")
    ] = None,
    decline: Annotated[str | None, typer.Option(metavar="CODE", help="What each charge is declined as.")] = None,
    transfer: Annotated[bool, typer.Option("--transfer", help="It is paid by transfer and overdue on day 0.")] = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Preview what is done by which date if nobody ever pays; today is day 0 unless --from says otherwise."""
    with plain_errors():
        from billing.cli.dunning_preview import PreviewChoice, show_preview

        choice = PreviewChoice(
            policy=policy,
            customer_id=customer,
            invoice=invoice,
            started_on=started_on,
            decline=decline,
            transfer=transfer,
        )
        show_preview(choice, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
