"""Verify the audit log: batches and seals as they were written, an issue recorded for each document, none lost."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from billing.domain.finding import FindingKind
from billing.ports import Document, Query
from billing.store.audit import head_of
from billing.usecases.audit_batch_check import batch_finding, batch_records
from billing.usecases.seal_check import SealCheck
from billing.usecases.verification import Verification

_ISSUED = ("invoice.issued", "credit_note.issued")
_ANY_ZONE = timedelta(days=2)


def verify_audit(verification: Verification) -> None:
    """Read every batch: it is one document a commit, which costs little beside the invoices."""
    seals = SealCheck(verification.documents, verification.request.tenant_id)
    for page in verification.pages("audit_batches", Query(verification.context.audit.collection.path)):
        issued: dict[str, str] = {}
        for batch in page:
            _verify_batch(verification, batch)
            seals.follow(head_of(batch))
            issued |= dict(_issued(batch))
        _verify_issued(verification, issued)
    _verify_seals(verification, seals)
    for entity in [entity for entity, unaudited in verification.known.items() if unaudited]:
        message = f"{entity} is issued, and no audit record says so"
        verification.find(FindingKind.AUDIT_MISSING, entity, message)


def _verify_batch(verification: Verification, batch: Document) -> None:
    """With a period, a batch counts where it tells of a verified document."""
    entities = [str(each.get("entity", "")) for each in batch_records(batch)]
    if verification.request.period is not None and verification.known.keys().isdisjoint(entities):
        return
    if (finding := batch_finding(verification.context.audit, batch)) is not None:
        verification.findings.add(finding)


def _verify_seals(verification: Verification, seals: SealCheck) -> None:
    """A seal is about all that was recorded in its stretch, so a period leaves none out."""
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
    found = verification.documents.get_many(paths, fields=("number",)) if paths else []
    for entity, document in zip(unknown, found, strict=True):
        if document is None:
            message = f"{issued[entity]} was issued, and its document {entity} is gone"
            verification.find(FindingKind.INVOICE_MISSING, entity, message, name=issued[entity])


def _may_be_wanted(verification: Verification, entity: str) -> bool:
    """Whether a document can be of the verified period, by the period's start in its id; the zone is not known."""
    period = verification.request.period
    start = _start_of(entity)
    if period is None or start is None:
        return True
    return any(f"{start + shift:%Y-%m}" == period for shift in (-_ANY_ZONE, timedelta(), _ANY_ZONE))


def _start_of(entity: str) -> datetime | None:
    key = entity.rpartition(".r")[0].rpartition(".")[2]
    try:
        return datetime.strptime(key.partition("Z")[0][:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
