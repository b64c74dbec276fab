"""Everything that is declared, in the order in which it has to be made."""

from collections.abc import Sequence

from infra.accounts import account_grants, accounts
from infra.apis import apis
from infra.buckets import buckets
from infra.database import database
from infra.declaration import Declaration
from infra.functions import functions
from infra.jobs import jobs
from infra.queues import queues
from infra.resource import Resource
from infra.secret_places import secret_places
from infra.watching import alerts, channels, metrics


def resources(declaration: Declaration) -> Sequence[Resource]:
    """APIs and accounts first, then the places that roles are given on, then what uses them, jobs and alerts last."""
    return [
        apis(declaration),
        *accounts(declaration),
        *database(declaration),
        *buckets(declaration),
        *secret_places(declaration),
        *queues(declaration),
        *account_grants(declaration),
        *functions(declaration),
        *jobs(declaration),
        *metrics(declaration),
        *channels(declaration),
        *alerts(declaration),
    ]
