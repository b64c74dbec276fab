"""Whether books are as a verification left them that found nothing: to compute those again would tell nothing new."""

from datetime import datetime, timedelta
from typing import Final

from billing.domain.tenant import Tenant
from billing.ports import Documents, Query
from billing.store.audit import AuditLog
from billing.store.codec import BrokenDocument
from billing.store.invoices import Invoices
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.store.verified_books import Verifications, VerifiedBooks
from billing.usecases.seal_audit import SEAL_MARGIN

AT_LEAST_EVERY: Final = timedelta(days=7)
"""However quiet the books are: a change that nobody recorded is found after so long at most."""


def books_now(
    documents: Documents, tenant_id: str, *, now: datetime, periods: tuple[str, ...], program: str
) -> VerifiedBooks:
    """What a verification that begins `now` (UTC) is of, to be kept if it finds nothing."""
    return VerifiedBooks(
        at=now,
        periods=periods,
        program=program,
        invoices=sum(map(documents.count, Invoices.of(documents, tenant_id).in_months(periods))),
        subscriptions=documents.count(Query(Subscriptions.of(documents, tenant_id).collection.path)),
    )


def are_unchanged(documents: Documents, tenant_id: str, books: VerifiedBooks, *, as_of: datetime) -> bool:
    """Whether the last verification stands for `books`: few documents are read, however large they are.

    It does while it was of the same months, by the same program, less than a week ago, when there were as many
    invoices of these months, and subscriptions; while nothing was recorded in the audit log since, and no bill is due
    at `as_of`.
    Raises NotFound for an unknown tenant.
    """
    try:
        before = Verifications.of(documents, tenant_id).latest()
    except BrokenDocument:
        return False
    if before is None or _what(before) != _what(books) or not timedelta() <= books.at - before.at < AT_LEAST_EVERY:
        return False
    since = before.at - SEAL_MARGIN  # a commit is recorded at the instant at which its call began
    if AuditLog.of(documents, tenant_id).goes_on(since):
        return False
    return not _has_due(documents, Tenants(documents).get(tenant_id), as_of=as_of)


def _what(books: VerifiedBooks) -> tuple[object, ...]:
    return books.periods, books.program, books.invoices, books.subscriptions


def _has_due(documents: Documents, tenant: Tenant, *, as_of: datetime) -> bool:
    subscriptions = Subscriptions.of(documents, tenant.id)
    return any(subscriptions.count_due(as_of=as_of, shard=shard, at_most=1) for shard in range(tenant.shards))
