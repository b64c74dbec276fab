"""Run records: what each run was asked, what it did, and whether it has to be continued."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing.domain.dunning_report import DunningReport
from billing.domain.run_report import RunReport
from billing.ports import Document, Documents, Fields, Order, Put, Query
from billing.store.codec import SCHEMA_VERSION
from billing.store.collection import Collection

_KEPT_FAILURES = 200

KEPT: Final = timedelta(days=400)
"""For how long it can be asked what a run did; what it changed is told by the audit log, which stays."""


@dataclass(frozen=True, slots=True)
class Runs:
    """The tenant's run records by run id."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Runs":
        """The runs of one tenant."""
        return cls(Collection(documents, tenant_id, "runs"))

    def latest(self, *, limit: int) -> list[Document]:
        """The latest records, the last first."""
        order = (Order("recorded_at", descending=True),)
        return self.collection.documents.query(Query(self.collection.path, order=order, limit=limit))

    def was_done(self, run_id: str) -> bool:
        """Whether a run of this id came to its end."""
        return self.collection.get([run_id])[0] is not None

    def dunning_record(self, report: DunningReport, *, actor: str, recorded_at: datetime, fan_out: str = "") -> Put:
        """The write of a dunning run's record. What was done about each case is on its invoice and in the audit log."""
        return Put(
            self.collection.document(report.run_id),
            {
                "kind": "dunning",
                **_asked(actor, recorded_at, as_of=report.as_of, complete=report.complete),
                "overdue": report.entered,
                "actions": dict(report.actions),
                "busy": report.busy,
                "failed": len(report.failures),
                "failures": [
                    {"invoice_id": each.invoice_id, "code": each.code, "message": each.message}
                    for each in report.failures[:_KEPT_FAILURES]
                ],
                "schema_version": SCHEMA_VERSION,
                **_part_of(fan_out),
            },
        )

    def record(self, report: RunReport, *, actor: str, recorded_at: datetime, fan_out: str = "") -> Put:
        """The write of a run's record. Its invoices are found by their own documents and are not repeated here."""
        return Put(
            self.collection.document(report.run_id),
            {
                **_asked(actor, recorded_at, as_of=report.as_of, complete=report.complete),
                "customers": report.customers,
                "generated": len(report.invoices),
                "credited": len(report.credit_notes),
                "held": len(report.held),
                "settled": report.settled,
                "unsettled": report.unsettled,
                "collected": {
                    "charged": report.collected.charged,
                    "failed": dict(report.collected.failed),
                    "mailed": report.collected.mailed,
                    "amounts": dict(report.collected.amounts),
                },
                "skipped": dict(report.skipped),
                "failed": len(report.failures),
                "failures": [
                    {"subscription_id": each.subscription_id, "code": each.code, "message": each.message}
                    for each in report.failures[:_KEPT_FAILURES]
                ],
                "totals": [
                    {
                        "currency": each.currency,
                        **each.by_kind,
                        "tax": each.tax,
                        "total": each.total,
                    }
                    for each in report.revenue.values()
                ],
                "schema_version": SCHEMA_VERSION,
                **_part_of(fan_out),
            },
        )

    def verification_record(
        self,
        run_id: str,
        *,
        actor: str,
        recorded_at: datetime,
        as_of: datetime,
        complete: bool,
        counts: Mapping[str, int],
        kinds: Mapping[str, int],
        fan_out: str = "",
    ) -> Put:
        """The write of a verification's record: what it counted, and how many findings of each kind."""
        return Put(
            self.collection.document(run_id),
            {
                "kind": "verification",
                **_asked(actor, recorded_at, as_of=as_of, complete=complete),
                **counts,
                "kinds": dict(kinds),
                "failed": 0,
                "failures": [],
                "schema_version": SCHEMA_VERSION,
                **_part_of(fan_out),
            },
        )


def _asked(actor: str, recorded_at: datetime, *, as_of: datetime, complete: bool) -> Fields:
    """What every record begins with."""
    return {
        "actor": actor,
        "recorded_at": recorded_at,
        "expires_at": recorded_at + KEPT,
        "as_of": as_of,
        "complete": complete,
    }


def _part_of(fan_out: str) -> Fields:
    return {"fan_out": fan_out} if fan_out else {}
