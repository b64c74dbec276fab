"""Read the audit log of a time from end to end, each record with the seal that covers it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.ports import Documents
from billing.store.audit import AuditLog, position_of
from billing.store.audit_seals import AuditSeals, decode_seal
from billing.usecases.find_audit import AuditEntry, entries_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """A record of the log, and the number of the seal that covers it: None where it is not sealed yet."""

    entry: AuditEntry
    seal: int | None


def export_audit(
    documents: Documents, tenant_id: str, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[SealedEntry]:
    """Every record from `since` (included) to `until` (not included), both UTC, in the order of the log.

    It holds a page of batches at a time. Raises BrokenDocument for a record or a seal that can't be read.
    """
    seals = iter([decode_seal(each) for each in AuditSeals.of(documents, tenant_id).all()])
    seal = next(seals, None)
    for page in AuditLog.of(documents, tenant_id).pages(start=since, end=until):
        for batch in page:
            while seal is not None and batch.id >= position_of(seal.until):
                seal = next(seals, None)
            is_sealed = seal is not None and (seal.since is None or batch.id >= position_of(seal.since))
            for entry in entries_of(batch):
                yield SealedEntry(entry=entry, seal=seal.number if seal is not None and is_sealed else None)
