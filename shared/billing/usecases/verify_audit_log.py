"""Verify the audit log alone: each batch by itself, and what the seals say of all of them."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.finding import Finding, FindingKind, Findings
from billing.domain.seal import Seal
from billing.ports import Documents, Query
from billing.store.audit import AuditLog, head_of
from billing.usecases.audit_batch_check import batch_finding
from billing.usecases.seal_check import SealCheck
from billing.usecases.verification import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerification:
    """What was read, and what was found. What no seal covers was checked batch by batch only.

    `sealed_until` is where the last seal ends, in UTC. `kept` is the seal whose digest was asked for.
    """

    tenant_id: str
    batches: int
    records: int
    seals: int
    sealed_until: datetime | None
    unsealed_batches: int
    unsealed_records: int
    kept: Seal | None
    findings: Findings


def verify_audit_log(
    documents: Documents,
    tenant_id: str,
    *,
    kept_digest: str | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> AuditVerification:
    """Read every batch once, in order, and name what is not as it was written; nothing is written.

    With `kept_digest` (hex, in any case), a digest that was kept elsewhere, a seal has to have it. Raises
    StoreUnavailable.
    """
    log, findings = AuditLog.of(documents, tenant_id), Findings()
    total, batches, records = documents.count(Query(log.collection.path)), 0, 0
    seals = SealCheck(documents, tenant_id)
    for page in log.pages():
        for batch in page:
            if (finding := batch_finding(log, batch)) is not None:
                findings.add(finding)
            head = head_of(batch)
            seals.follow(head)
            records += head.records
        batches += len(page)
        progress("audit_batches", batches, max(total, batches))
    seals.finish()
    kept = next((each for each in seals.seals if kept_digest and each.digest == kept_digest.lower()), None)
    for each in [*seals.findings, *([_not_kept(kept_digest)] if kept_digest and kept is None else [])]:
        findings.add(each)
    return AuditVerification(
        tenant_id=tenant_id,
        batches=batches,
        records=records,
        seals=len(seals.seals),
        sealed_until=seals.seals[-1].until if seals.seals else None,
        unsealed_batches=seals.unsealed_batches,
        unsealed_records=seals.unsealed_records,
        kept=kept,
        findings=findings,
    )


def _not_kept(digest: str) -> Finding:
    message = f"no seal has the digest {digest}: seals were removed or made anew since it was kept"
    return Finding(kind=FindingKind.AUDIT_SEAL_MISSING, entity="audit_seals", message=message, expected=digest)
