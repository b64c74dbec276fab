"""The report of a dunning run: which cases were worked on, what was done about each, and what could not be."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from billing.domain.dunning_policy import CaseState
from billing.domain.run_report import Settled, SettlementFailure


class DunningAction(StrEnum):
    """What was done about an invoice; where a step did several things, the one that says most."""

    OVERDUE = "overdue"
    RETRY = "retry"
    REMINDER = "reminder"
    URGENT_NOTICE = "urgent_notice"
    FINAL_NOTICE = "final_notice"
    MANUAL_REVIEW = "manual_review"
    SUSPENDED = "suspended"
    RECOVERED = "recovered"
    RESTORED = "restored"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningDetail:
    """One thing that was done (or would be, in a dry run): its states before and after, the schedule's day, if any.

    `reminder_count` counts the notices of the case so far, `notice` is the one just sent, `charged` the minor units
    that a retry took and `passed_over` the days of the steps that came too late. `note` says what was not done and why.
    """

    invoice_id: str
    number: str
    customer_id: str
    action: DunningAction
    before: CaseState
    after: CaseState
    reminder_count: int
    currency: str
    amount_due: int
    day: int | None = None
    notice: str = ""
    charged: int = 0
    passed_over: tuple[int, ...] = ()
    note: str = ""


@dataclass(slots=True, kw_only=True)
class DunningReport:
    """What a dunning run of one tenant did. `complete` is False where it stopped early or left a case to another run.

    `entered` counts the invoices that fell overdue, `busy` the cases that another run is at just now. `mailed` counts
    the mails of its settlement (receipts), `undelivered_events` what the tenant's own system did not take, and
    `sweep_from` is where that settlement goes on, as in Settled.
    """

    run_id: str
    tenant_id: str
    as_of: datetime
    dry_run: bool
    entered: int = 0
    busy: int = 0
    mailed: int = 0
    undelivered_events: int = 0
    sweep_from: str = ""
    complete: bool = True
    details: list[DunningDetail] = field(default_factory=list)
    failures: list[SettlementFailure] = field(default_factory=list)

    def add_settled(self, settled: Settled) -> None:
        """Count what the settlement after the run did, and name what it could not."""
        self.mailed += settled.collected.mailed
        self.failures += settled.failures
        self.sweep_from = settled.sweep_from

    @property
    def processed(self) -> int:
        """How many things were done."""
        return len(self.details)

    @property
    def actions(self) -> Counter[str]:
        """How often each was done."""
        return Counter(each.action.value for each in self.details)
