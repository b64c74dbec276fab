"""`/api/billing/audit`: who did what, when and why."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from billing.api.routes.books import Books, reading
from billing.api.routes.models import AN_ENTITY, AnswerModel, DayOrInstant
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paging
from billing.usecases.find_audit import AuditEntry, entry_place, find_audit, place_of

router = noun("audit")
Reading = Annotated[Books, reading("audit")]
Entity = Annotated[str | None, Query(max_length=220, pattern=AN_ENTITY)]
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
    """The latest records, the newest first. `next_cursor` asks for older ones; null, and no `more`, where none are."""

    data: list[AuditAnswer]
    more: bool
    next_cursor: str | None


@router.get("")
def find_records(
    books: Reading,
    paging: Paging,
    *,
    entity: Entity = None,
    actor: Word = None,
    event: Word = None,
    since: DayOrInstant | None = None,
    until: DayOrInstant | None = None,
) -> AuditListAnswer:
    """The latest records that fit, the newest first. `entity` is as `invoices/ID`, `event` as `invoice.issued`."""
    found = find_audit(
        books.documents,
        books.tenant_id,
        entity=entity,
        actor=actor,
        event=event,
        since=books.instant("since", since),
        until=books.instant("until", until) if paging.after_id is None else place_of("cursor", paging.after_id),
        limit=paging.wanted.limit,
    )
    page = paging.shown(found, as_answer=_answer, id_of=entry_place)
    return AuditListAnswer(data=page.data, more=page.next_cursor is not None, next_cursor=page.next_cursor)


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
