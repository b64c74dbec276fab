"""`billing api-keys`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId
from billing.cli.place import Place
from billing.domain.member import Role

api_keys_app = command_group("What a tenant's own programs call the API with.")


@api_keys_app.command(
    "create",
    epilog="\b\nExamples:\n  billing api-keys create 'usage import' --role staff --scope usage:write --dir demo\n"
    "  billing api-keys create reports --role viewer --expires 2027-01-01 --dir demo",
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    *,
    directory: KeptIn,
    role: Annotated[Role, typer.Option("--role", help="What it may do at most.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="NOUN:read|write", help="Only this; once for each. Writing includes reading."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="DATE|INSTANT", help="From then on it is worth nothing.")
    ] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key. It is shown this once and stored nowhere."""
    with plain_errors():
        from billing.cli.api_keys import AskedKey, create_one

        asked = AskedKey(name=name, role=role, scopes=tuple(scope or ()), expires=expires)
        create_one(asked, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@api_keys_app.command("list", epilog="\b\nExample:\n  billing api-keys list --tenant acme-api --dir demo")
def list_api_keys(*, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """List the keys, revoked and expired ones too; of each its public beginning."""
    with plain_errors():
        from billing.cli.api_keys import show_keys

        show_keys(Place(tenant_id=tenant, directory=directory, as_json=as_json))


@api_keys_app.command("revoke", epilog="\b\nExample:\n  billing api-keys revoke 4f0c12ab94d07e55 --dir demo")
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The id of the key, or its public beginning.")],
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key, from the next call on. There is no way back; make a new one."""
    with plain_errors():
        from billing.cli.api_keys import revoke_one

        revoke_one(key, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
