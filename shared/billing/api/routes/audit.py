"""`/api/billing/audit`: who did what, when and why."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from billing.api.routes.books import Books, reading
from billing.api.routes.models import AnswerModel, Limit, utc
from billing.api.routes.noun import noun
from billing.usecases.find_audit import AuditEntry, find_audit

router = noun("audit")
Reading = Annotated[Books, reading("audit")]
Entity = Annotated[str | None, Query(max_length=220, pattern=r"^[a-z_]+/[A-Za-z0-9][A-Za-z0-9._@:~+-]*$")]
Word = Annotated[str | None, Query(min_length=1, max_length=200)]


class AuditAnswer(AnswerModel):
    """One change: `batch` and `record` say where it stands, `hash` is chained from the record before it."""

    at: datetime
    actor: str
    event: str
    entity: str
    before: str
    after: str
    reason: str
    request_id: str
    batch: str
    record: int
    hash: str


class AuditListAnswer(AnswerModel):
    """The latest records, the newest first; older ones are found with `until` at the last one's instant."""

    data: list[AuditAnswer]
    more: bool


@router.get("")
def find_records(
    books: Reading,
    *,
    limit: Limit = 50,
    entity: Entity = None,
    actor: Word = None,
    event: Word = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AuditListAnswer:
    """The latest records that fit, the newest first. `entity` is as `invoices/ID`, `event` as `invoice.issued`."""
    found = find_audit(
        books.documents,
        books.tenant_id,
        entity=entity,
        actor=actor,
        event=event,
        since=None if since is None else utc("since", since),
        until=None if until is None else utc("until", until),
        limit=limit + 1,
    )
    return AuditListAnswer(data=[_answer(each) for each in found[:limit]], more=len(found) > limit)


def _answer(entry: AuditEntry) -> AuditAnswer:
    record = entry.record
    return AuditAnswer(
        at=record.at,
        actor=record.actor,
        event=record.event,
        entity=record.entity,
        before=record.before,
        after=record.after,
        reason=record.reason,
        request_id=record.request_id,
        batch=entry.batch_id,
        record=entry.place,
        hash=entry.hash,
    )
