"""Check the seals of an audit log against its batches, which are followed once in the order of their ids."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from billing.domain.errors import BillingError
from billing.domain.finding import Finding, FindingKind
from billing.domain.seal import Seal, SealTally, first_digest
from billing.ports import Documents
from billing.store.audit import BatchHead, position_of
from billing.store.audit_seals import AuditSeals, decode_seal

_WHEN: Final = "%Y-%m-%d %H:%M:%S.%f UTC"


class SealCheck:
    """The seals of one tenant, the stretch that is being followed, and what was found so far."""

    def __init__(self, documents: Documents, tenant_id: str, *, since: datetime | None = None) -> None:
        """Read the seals, one a day at most: all, or those that end after an instant (UTC)."""
        self.findings: list[Finding] = []
        self.unsealed_batches = 0
        self.unsealed_records = 0
        self._since = since
        self._last_before: Seal | None = None
        self.seals = [*self._read(AuditSeals.of(documents, tenant_id))]
        self._first = first_digest(tenant_id)
        self._open = 0
        self._tally = self._begun()
        self._before_is_sound = True

    @property
    def begins(self) -> datetime | None:
        """The batches from here on are to be followed; None for all of them."""
        first = self.seals[0].since if self.seals else self._since
        return None if first is None or self._since is None else min(first, self._since)

    def follow(self, head: BatchHead) -> None:
        """Take the next batch."""
        while self._open < len(self.seals) and head.id >= position_of(self.seals[self._open].until):
            self._close()
        if self._open == len(self.seals) or self._is_before(head, self.seals[self._open]):
            self.unsealed_batches += 1
            self.unsealed_records += head.records
        else:
            self._tally.add(head.id, records=head.records, batch_hash=head.hash)

    def finish(self) -> None:
        """After the last batch: close the stretches that are left."""
        while self._open < len(self.seals):
            self._close()

    def _read(self, seals: AuditSeals) -> Iterator[Seal]:
        """The seals that can be read; each number that is missed is a finding."""
        last = 0
        for document in seals.all() if self._since is None else seals.ending_after(self._since):
            try:
                seal = decode_seal(document)
            except BillingError as error:
                self._found(FindingKind.AUDIT_SEAL_ALTERED, document.id, str(error))
                last += 1
                continue
            if self._since is not None and seal.until <= self._since:
                self._last_before, last = seal, seal.number
                continue
            for number in range(last + 1, seal.number):
                message = f"seal {number} is missing; seal {seal.number} came after it"
                self._found(FindingKind.AUDIT_SEAL_MISSING, f"{number:010}", message)
            last = seal.number
            yield seal

    @staticmethod
    def _is_before(head: BatchHead, seal: Seal) -> bool:
        """Whether a batch lies where the seal before this one is missing."""
        return seal.since is not None and head.id < position_of(seal.since)

    def _begun(self) -> SealTally:
        return SealTally(self.seals[self._open].previous if self._open < len(self.seals) else "")

    def _close(self) -> None:
        """Compare the stretch with its seal, and begin the next one."""
        seal, tally = self.seals[self._open], self._tally
        what = self._difference(seal, tally)
        if what is not None:
            kind, message = what
            self._found(kind, f"{seal.number:010}", message, seal=seal, tally=tally)
        self._before_is_sound = what is None
        self._open += 1
        self._tally = self._begun()

    def _difference(self, seal: Seal, tally: SealTally) -> tuple[FindingKind, str] | None:
        is_held = tally.digest(seal.until) == seal.digest
        if is_held and (tally.batches, tally.records) != (seal.batches, seal.records):
            return FindingKind.AUDIT_SEAL_ALTERED, f"seal {seal.number} counts what its own digest does not hold"
        if is_held and self._before_is_sound and not self._follows(seal):
            return FindingKind.AUDIT_SEAL_ALTERED, f"seal {seal.number} does not follow the seal before it"
        if is_held:
            return None
        if tally.digest(seal.until) == self._named_by_next(seal):
            message = f"seal {seal.number} is not as it was written: the next one names its digest otherwise"
            return FindingKind.AUDIT_SEAL_ALTERED, message
        return FindingKind.AUDIT_STRETCH_DIFFERS, f"{_stretch(seal)}: {_what_became(seal, tally)}"

    def _follows(self, seal: Seal) -> bool:
        """Whether a seal names the one before it; where that is missing, nobody can say."""
        if seal.number == 1:
            return (seal.previous, seal.since) == (self._first, None)
        before = self.seals[self._open - 1] if self._open else self._last_before
        if before is None or before.number != seal.number - 1:
            return True
        return (seal.previous, seal.since) == (before.digest, before.until)

    def _named_by_next(self, seal: Seal) -> str:
        after = self.seals[self._open + 1 : self._open + 2]
        return next((each.previous for each in after if each.number == seal.number + 1), "")

    def _found(
        self, kind: FindingKind, seal_id: str, message: str, *, seal: Seal | None = None, tally: SealTally | None = None
    ) -> None:
        self.findings.append(
            Finding(
                kind=kind,
                entity=f"audit_seals/{seal_id}",
                message=message,
                stored="" if tally is None else _count(tally.batches, tally.records),
                expected="" if seal is None else _count(seal.batches, seal.records),
            )
        )


def _stretch(seal: Seal) -> str:
    start = "the beginning" if seal.since is None else f"{seal.since:{_WHEN}}"
    return f"the audit log from {start} to {seal.until:{_WHEN}} (seal {seal.number})"


def _what_became(seal: Seal, tally: SealTally) -> str:
    """In what the batches that stand differ from those that were sealed, as far as the counts tell."""
    batches, records = tally.batches - seal.batches, tally.records - seal.records
    if batches < 0 and records <= 0:
        return f"{_count(-batches, -records)} removed"
    if batches > 0 and records >= 0:
        return f"{_count(batches, records)} inserted"
    if batches == records == 0:
        return "a batch was changed or replaced, or the seal was"
    return f"{_count(tally.batches, tally.records)} where {_count(seal.batches, seal.records)} were sealed"


def _count(batches: int, records: int) -> str:
    of_batches = "1 batch" if batches == 1 else f"{batches:,} batches"
    of_records = "1 record" if records == 1 else f"{records:,} records"
    return f"{of_batches} with {of_records}"
