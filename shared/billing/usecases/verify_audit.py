"""Verify the audit log: batches and seals as they were written, an issue recorded for each document, none lost."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from billing.domain.finding import FindingKind
from billing.ports import Document, Query
from billing.store.audit import head_of, position_of
from billing.store.codec import BrokenDocument
from billing.usecases.audit_batch_check import batch_finding, batch_records
from billing.usecases.seal_check import SealCheck
from billing.usecases.verification import ANY_ZONE, Verification
from billing.usecases.verify_invoices import verify_read

_ISSUED = ("invoice.issued", "credit_note.issued")


def verify_audit(verification: Verification) -> None:
    """Read the batches since the verified periods began, and those of the seal that was open then."""
    request, path = verification.request, verification.context.audit.collection.path
    seals = SealCheck(verification.documents, request.tenant_id, since=request.since)
    begins = seals.begins
    query = Query(path, start_after=None if begins is None else (position_of(begins),))
    for page in verification.pages("audit_batches", query):
        issued: dict[str, str] = {}
        for batch in page:
            seals.follow(head_of(batch))
            issued |= dict(_issued(batch))
        _verify_issued(verification, issued)
        for batch in page:
            _verify_batch(verification, batch)
    _verify_seals(verification, seals)
    for entity in [entity for entity, unaudited in verification.known.items() if unaudited]:
        if request.since is not None and _was_told_before(verification, entity):
            continue
        message = f"{entity} is issued, and no audit record says so"
        verification.find(FindingKind.AUDIT_MISSING, entity, message)


def _was_told_before(verification: Verification, entity: str) -> bool:
    """Whether an issue was recorded before the batches that were read, as that of a bill made ahead of its period."""
    try:
        return any(each.event in _ISSUED for each in verification.context.audit.about(entity))
    except BrokenDocument:
        return False


def _verify_batch(verification: Verification, batch: Document) -> None:
    """With a period, a batch counts where it tells of a verified document."""
    entities = [str(each.get("entity", "")) for each in batch_records(batch)]
    if verification.request.periods is not None and verification.known.keys().isdisjoint(entities):
        return
    if (finding := batch_finding(verification.context.audit, batch)) is not None:
        verification.findings.add(finding)


def _verify_seals(verification: Verification, seals: SealCheck) -> None:
    """A seal is about all that was recorded in its stretch."""
    seals.finish()
    if seals.seals:
        verification.read["audit_seals"] = len(seals.seals)
    for each in seals.findings:
        verification.findings.add(each)


def _issued(batch: Document) -> Iterator[tuple[str, str]]:
    """The documents that a batch says were issued, each with its number."""
    for record in batch_records(batch):
        if record.get("event") in _ISSUED:
            yield str(record.get("entity", "")), str(record.get("reason", "")).partition(" ")[0]


def _verify_issued(verification: Verification, issued: Mapping[str, str]) -> None:
    """Tick off what was verified; what is not known and belongs to the period must exist."""
    unknown = []
    for entity in issued:
        if entity in verification.known:
            verification.known[entity] = False
        elif _may_be_wanted(verification, entity):
            unknown.append(entity)
    prefix = f"tenants/{verification.request.tenant_id}"
    paths = [f"{prefix}/{entity}" for entity in unknown]
    found = verification.documents.get_many(paths) if paths else []
    for entity, document in zip(unknown, found, strict=True):
        if document is None:
            message = f"{issued[entity]} was issued, and its document {entity} is gone"
            verification.find(FindingKind.INVOICE_MISSING, entity, message, name=issued[entity])
    if verification.request.periods is not None:  # void invoices, which stand in no month
        in_no_month = [each for each in found if each is not None and "/invoices/" in each.path]
        verify_read(verification, in_no_month)
        verification.known |= {entity: False for entity in unknown if entity in verification.known}


def _may_be_wanted(verification: Verification, entity: str) -> bool:
    """Whether a document can be of the verified period, by the period's start in its id; the zone is not known."""
    start = _start_of(entity)
    if start is None:
        return True
    return any(verification.request.wants(f"{start + shift:%Y-%m}") for shift in (-ANY_ZONE, timedelta(), ANY_ZONE))


def _start_of(entity: str) -> datetime | None:
    key = entity.rpartition(".r")[0].rpartition(".")[2]
    try:
        return datetime.strptime(key.partition("Z")[0][:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
