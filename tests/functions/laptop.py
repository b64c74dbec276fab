"""A door over a SQLite file and a folder, for what does not need Google's parts; a test takes a tenant of its own."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from tests.functions.running_door import KEY, ROOT, RunningDoor, running_door
from tests.functions.small_tenants import add_tenant


@dataclass(frozen=True, kw_only=True)
class Laptop:
    """The door and what lies behind it."""

    door: RunningDoor
    documents: SqliteDocuments
    objects: Path
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def tenant(self, *, accounts: int = 1, zone: str = "UTC") -> str:
        """A new tenant with accounts that are due."""
        tenant_id = f"tenant-{next(self.numbers)}"
        add_tenant(self.documents, tenant_id, accounts=accounts, zone=zone)
        return tenant_id


@contextmanager
def laptop_door(
    folder: Path,
    *,
    root: Path = ROOT,
    function: str = "generate_invoices",
    more: Mapping[str, str] | None = None,
    **changed: str,
) -> Iterator[Laptop]:
    """The door, started from `root` with everything below `folder`; `more` variables and `changed` ones overrule.

    One that is "" is not there.
    """
    variables = laptop_environment(folder) | dict(more or {}) | changed
    environ = {name: value for name, value in variables.items() if value}
    with (
        closing(SqliteDocuments(folder / "billing.db", indexes=INDEXES)) as documents,
        running_door(environ, folder=folder, root=root, function=function) as door,
    ):
        yield Laptop(door=door, documents=documents, objects=folder / "objects")


def laptop_environment(folder: Path) -> dict[str, str]:
    """The variables of such a door."""
    return {
        "BILLING_STORE": f"sqlite://{folder}/billing.db",
        "BILLING_OBJECTS": f"file://{folder}/objects",
        "INTERNAL_API_KEY": KEY,
    }
