"""Everything that is declared, in the order in which it has to be made."""

from collections.abc import Sequence

from infra.accounts import account_grants, accounts
from infra.apis import apis
from infra.buckets import buckets
from infra.built import all_built
from infra.database import database
from infra.declaration import Declaration
from infra.functions import functions
from infra.jobs import jobs
from infra.queues import queues
from infra.regions import regions
from infra.resource import UNASKED, Allowed, Resource
from infra.secret_places import secret_places
from infra.watching import alerts, channels, metrics


def resources(declaration: Declaration, allowed: Allowed = UNASKED) -> Sequence[Resource]:
    """APIs, regions and accounts first, then the places that roles are given on, then what uses them, alerts last.

    Functions wait until all indexes are built, which goes on while the rest is made.
    """
    return [
        apis(declaration),
        regions(declaration),
        *accounts(declaration),
        *database(declaration, allowed),
        *buckets(declaration, allowed),
        *secret_places(declaration, allowed),
        *queues(declaration, allowed),
        *account_grants(declaration),
        all_built(database=declaration.firestore.database),
        *functions(declaration),
        *jobs(declaration, allowed),
        *metrics(declaration),
        *channels(declaration),
        *alerts(declaration),
    ]
