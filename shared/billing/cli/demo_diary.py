"""The diary of played days: what became of each case of dunning, as the audit log has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from rich.console import Console
from rich.markup import escape

from billing.cli.demo_story import Story
from billing.cli.screen import Json, columns
from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.audit import AuditRecord
from billing.domain.dunning_policy import CaseState
from billing.domain.figures import amount
from billing.domain.invoice import Invoice
from billing.domain.period import local_date
from billing.ports import Documents
from billing.store.invoices import Invoices
from billing.usecases.find_audit import find_audit

_MOST_RECORDS = 1_000_000
_IDS_A_READ = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A record of a case that came, moved on or ended, on a local day, and its invoice as it stands now."""

    on: date
    invoice: Invoice
    record: AuditRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """The transitions in their order; how many cases came, how many of them were paid, how many wait for a person."""

    transitions: Sequence[Transition]
    entered: int
    recovered: int
    manual_review: int


def diary_of(documents: Documents, story: Story) -> Diary:
    """What happened to the tenant's cases from the first day of the story to its last."""
    found = find_audit(
        documents,
        story.tenant_id,
        event="dunning",
        since=story.at(story.first, time()),
        until=story.at(story.through + timedelta(days=1), time()),
        limit=_MOST_RECORDS,
    )
    records = [each.record for each in reversed(found)]
    invoices = _invoices(documents, records, tenant_id=story.tenant_id)
    return Diary(
        transitions=sorted(
            [
                Transition(on=local_date(each.at, story.zone), invoice=invoices[each.entity], record=each)
                for each in records
                if _is_transition(each)
            ],
            key=_minute_and_number,
        ),
        entered=len({each.entity for each in records if each.event == "dunning.entered"}),
        recovered=len({each.entity for each in records if each.after == CaseState.PAID.value}),
        manual_review=len(_waiting(records)),
    )


def diary_json(diary: Diary) -> Json:
    """The counts, and each transition."""
    return {
        "dunning": {
            "entered": diary.entered,
            "recovered": diary.recovered,
            "manual_review": diary.manual_review,
        },
        "transitions": [
            {
                "date": each.on.isoformat(),
                "number": each.invoice.number,
                "customer_id": each.invoice.customer_id,
                "before": each.record.before,
                "after": each.record.after,
                "event": each.record.event,
                "reason": each.record.reason,
            }
            for each in diary.transitions
        ],
    }


def print_diary(diary: Diary, console: Console) -> None:
    """A line for each transition, under its day, and the counts."""
    table, last = columns("bold", "", "", "", "cyan"), None
    for each in diary.transitions:
        day = "" if each.on == last else each.on.isoformat()
        invoice, last = each.invoice, each.on
        table.add_row(day, invoice.number, escape(invoice.customer_id), escape(_words(each)), each.record.after)
    console.print(table)
    console.print()
    counts = f"{diary.entered} entered, {diary.recovered} recovered, {diary.manual_review} in manual review"
    console.print(f"dunning: {counts}")


def _invoices(documents: Documents, records: Iterable[AuditRecord], *, tenant_id: str) -> dict[str, Invoice]:
    entities = sorted({each.entity for each in records})
    found: dict[str, Invoice] = {}
    for start in range(0, len(entities), _IDS_A_READ):
        part = entities[start : start + _IDS_A_READ]
        stored = Invoices.of(documents, tenant_id).get([each.removeprefix("invoices/") for each in part])
        found |= {entity: each.value for entity, each in zip(part, stored, strict=True) if each is not None}
    return found


def _is_transition(record: AuditRecord) -> bool:
    """A decision of a person is recorded with the decision as its end, which is no state."""
    return record.before != record.after and record.event != "dunning.review_resolved"


def _minute_and_number(transition: Transition) -> tuple[datetime, str]:
    """A run works on several cases at once: which of them is written first says nothing."""
    return transition.record.at.replace(second=0, microsecond=0), transition.invoice.number


def _waiting(records: Iterable[AuditRecord]) -> set[str]:
    waiting: set[str] = set()
    for each in records:
        if each.event == "dunning.review_opened":
            waiting.add(each.entity)
        elif each.event in ("dunning.review_resolved", "dunning.left"):
            waiting.discard(each.entity)
    return waiting


def _words(transition: Transition) -> str:
    """What was done: `charge failed: expired card`, `day 3: attempt 2, sent payment reminder`."""
    invoice, record = transition.invoice, transition.record
    if record.event == "dunning.entered":
        return record.reason.replace("payment_failed", "charge failed").replace("_", " ")
    if record.after == CaseState.MANUAL_REVIEW.value and invoice.dunning is not None and invoice.dunning.review:
        return invoice.dunning.review.reason
    if record.after == CaseState.PAID.value:
        return _paid_words(invoice)
    if record.after == CaseState.RETRY_SCHEDULED.value:
        return f"{record.reason.partition(':')[0]}: to be tried again"
    return _step_words(record.reason)


def _paid_words(invoice: Invoice) -> str:
    charged = next((each for each in reversed(invoice.attempts) if each.status is AttemptStatus.SUCCEEDED), None)
    if charged is None:
        return "paid"
    card = "new card saved, " if charged.source is AttemptSource.SAVED_METHOD else ""
    return f"{card}{amount(charged.amount, invoice.currency)} {invoice.currency} charged"


def _step_words(reason: str) -> str:
    """A step's day and what it did, without why it did no more: that stands in the log."""
    day, _, told = reason.partition(": ")
    done = [each for each in told.split(", ") if each.startswith(("attempt ", "sent "))]
    return f"{day}: {', '.join(done)}".removesuffix(": ").replace("_", " ")
