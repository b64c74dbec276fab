"""`billing audit list`: who did what, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.markup import escape

from billing.cli.directory import instant_of, open_place
from billing.cli.errors import Refused
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, write_json
from billing.ports import Documents
from billing.store.credit_notes import CreditNotes
from billing.store.invoices import Invoices
from billing.usecases.find_audit import AuditEntry, entry_place, find_audit, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records to list; None leaves a condition out. Times are text as it was typed."""

    entity: str | None
    actor: str | None
    event: str | None
    since: str | None
    until: str | None
    after: str | None
    limit: int


def show_list(wanted: AuditFilter, *, place: Place) -> None:
    """Print the latest records that are wanted, and where they go on. NotFound for an unknown number.

    Refused where both an end in time and a record to go on behind are named.
    """
    if wanted.until is not None and wanted.after is not None:
        message = "--after goes on behind one record, and --until is another end: use one of them"
        raise Refused(message)
    engine, tenant = open_place(place)
    found = find_audit(
        engine.documents,
        tenant.id,
        entity=None if wanted.entity is None else _entity(engine.documents, wanted.entity, tenant_id=tenant.id),
        actor=wanted.actor,
        event=wanted.event,
        since=instant_or_none(wanted.since, zone=tenant.zone, option="--since"),
        until=instant_or_none(wanted.until, zone=tenant.zone, option="--until")
        if wanted.after is None
        else place_of("--after", wanted.after),
        limit=wanted.limit + 1,
    )
    shown = found[: wanted.limit]
    after = entry_place(shown[-1]) if len(found) > wanted.limit else None
    if place.as_json:
        records = [entry_json(each) for each in shown]
        write_json({"tenant_id": tenant.id, "records": records, "more": after is not None, "next_after": after})
    else:
        _print_list(shown, after=after)


def instant_or_none(text: str | None, *, zone: str, option: str) -> datetime | None:
    """The value of an option that may be left out, as an instant in UTC; InvalidInput where it is none."""
    return None if text is None else instant_of(text, zone=zone, option=option)


def entry_json(entry: AuditEntry) -> Json:
    """A record as JSON says it: what was recorded, and where it stands."""
    record = entry.record
    return {
        "at": record.at.isoformat(),
        "actor": record.actor,
        "event": record.event,
        "entity": record.entity,
        "before": record.before,
        "after": record.after,
        "reason": record.reason,
        "request_id": record.request_id,
        "batch": entry.batch_id,
        "record": entry.place,
        "hash": entry.hash,
    }


def _entity(documents: Documents, named: str, *, tenant_id: str) -> str:
    """`collection/ID` as it is; else the invoice or the credit note of that number or id."""
    if "/" in named:
        return named
    if (note := CreditNotes.of(documents, tenant_id).find(named)) is not None:
        return f"credit_notes/{note.value.id}"
    return f"invoices/{Invoices.of(documents, tenant_id).named(named).value.id}"


def _print_list(entries: Sequence[AuditEntry], *, after: str | None) -> None:
    console = answers()
    if not entries:
        console.print("Nothing recorded.")
        return
    for each in entries:
        record = each.record
        heading = columns("dim", "", "bold", "")
        heading.add_row(
            f"{record.at:%Y-%m-%d %H:%M:%S} UTC", escape(record.actor), escape(record.event), escape(record.entity)
        )
        console.print(heading)
        change = " to ".join(part for part in (record.before, record.after) if part)
        console.print(f"    {'; '.join(part for part in (change, record.reason) if part)}", markup=False)
    if after is not None:
        console.print(f"There are more; they go on with --after {after}", style="dim", soft_wrap=True)
