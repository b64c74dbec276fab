"""`billing members`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId
from billing.cli.place import Place
from billing.domain.member import Role

members_app = command_group("Who may call the API for a tenant.")

_Who = Annotated[str, typer.Argument(metavar="WHO", help="An e-mail address, firebase:UID, google:SUBJECT, or an id.")]
_RoleOption = Annotated[Role, typer.Option("--role", help="What they may do.")]


@members_app.command("list", epilog="\b\nExample:\n  billing members list --tenant acme-api --dir demo")
def list_members(*, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """List the members of a tenant, with their roles."""
    with plain_errors():
        from billing.cli.members import show_members

        show_members(Place(tenant_id=tenant, directory=directory, as_json=as_json))


@members_app.command(
    "add",
    epilog="\b\nExamples:\n  billing members add ada@acme.example --role admin --dir demo\n"
    "  billing members add firebase:Vq3xT --role viewer --dir demo",
)
def add(
    who: Annotated[str, typer.Argument(metavar="WHO", help="An e-mail address, firebase:UID or google:SUBJECT.")],
    *,
    directory: KeptIn,
    role: _RoleOption,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Make somebody a member: who signs in with that address, once it is verified, or with that id."""
    with plain_errors():
        from billing.cli.members import add_one

        add_one(who, role=role, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@members_app.command("remove", epilog="\b\nExample:\n  billing members remove ada@acme.example --dir demo")
def remove(who: _Who, *, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """End a membership, from the next call on. The last admin stays."""
    with plain_errors():
        from billing.cli.members import remove_one

        remove_one(who, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@members_app.command(
    "set-role", epilog="\b\nExample:\n  billing members set-role ada@acme.example --role staff --dir demo"
)
def set_role(
    who: _Who, *, directory: KeptIn, role: _RoleOption, tenant: TenantId = None, as_json: AsJson = False
) -> None:
    """Give a member another role. The last admin keeps it."""
    with plain_errors():
        from billing.cli.members import change_one

        change_one(who, role=role, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
