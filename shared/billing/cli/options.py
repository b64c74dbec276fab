"""The options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer


class StoreKind(StrEnum):
    """Where a demo keeps its documents."""

    SQLITE = "sqlite"
    FIRESTORE = "firestore"


KeptIn: TypeAlias = Annotated[
    Path,
    typer.Option("--dir", metavar="DIR", envvar="BILLING_DIR", help="The directory that holds the books and invoices."),
]
BookFolder: TypeAlias = Path
TenantId: TypeAlias = Annotated[
    str | None, typer.Option("--tenant", metavar="ID", help="Whose; may be left out where there is one tenant alone.")
]
BillFrom: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The first day whose bills are made here."),
]
PayBase: TypeAlias = Annotated[str, typer.Option(metavar="URL", help="What payment links on invoices begin with.")]
Emulator: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", envvar="FIRESTORE_EMULATOR_HOST", help="The Firestore emulator of --store firestore."
    ),
]
IdOrNumber: TypeAlias = Annotated[str, typer.Argument(metavar="ID_OR_NUMBER")]
OfCustomer: TypeAlias = Annotated[str | None, typer.Option(metavar="ID", help="Only this customer's.")]
Limit: TypeAlias = Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object and nothing else.")]
