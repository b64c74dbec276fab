"""Seal the audit log: one document says what all batches since the last seal came to (ADR 0019)."""

from datetime import timedelta
from typing import Final

from billing.domain.seal import Seal, SealTally, first_digest
from billing.ports import Documents, WriteConflict
from billing.store.audit import AuditLog
from billing.store.audit_seals import AuditSeals
from billing.usecases.call import Call

SEAL_MARGIN: Final = timedelta(hours=2)
"""A commit is recorded at the instant at which its call began. No call runs as long as this (a function is stopped
after an hour), so whatever is older stands already, and nothing is added below a seal any more."""


def seal_audit(documents: Documents, *, call: Call, margin: timedelta = SEAL_MARGIN) -> Seal | None:
    """Seal what was recorded until `margin` before the call; None where nothing is new, or another call was quicker.

    Reads the batches since the last seal, without their records, and writes one document. A shorter margin is for when
    nothing else runs: a batch that arrives below a seal counts as inserted for ever. Raises BrokenDocument where the
    last seal can't be read, and StoreUnavailable: sealing again is then safe.
    """
    seals = AuditSeals.of(documents, call.tenant_id)
    seal = _next(AuditLog.of(documents, call.tenant_id), after=seals.latest(), call=call, margin=margin)
    if seal is None:
        return None
    try:
        documents.commit([seals.creation(seal)])
    except WriteConflict:  # somebody sealed meanwhile, or this very commit stands and its answer was lost
        return seal if seals.get(seal.number) == seal else None
    return seal


def _next(log: AuditLog, *, after: Seal | None, call: Call, margin: timedelta) -> Seal | None:
    until = call.recorded_at - margin
    tally = SealTally(first_digest(call.tenant_id) if after is None else after.digest)
    since = None if after is None else after.until
    if since is not None and until <= since:
        return None
    for head in log.heads(start=since, end=until):
        tally.add(head.id, records=head.records, batch_hash=head.hash)
    if not tally.batches:
        return None
    return Seal(
        number=1 if after is None else after.number + 1,
        since=since,
        until=until,
        batches=tally.batches,
        records=tally.records,
        previous=tally.previous,
        digest=tally.digest(until),
    )
