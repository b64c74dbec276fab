"""What a verification carries from step to step: what was asked, what is read once, and what was found."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from billing.domain.catalog import Plan
from billing.domain.document_check import Difference
from billing.domain.errors import BillingError
from billing.domain.finding import Finding, FindingKind, Findings
from billing.domain.number_check import NumberCheck
from billing.domain.subscription import Subscription
from billing.ports import Document, Documents, Objects, Query
from billing.usecases.run_context import RunContext

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told the stage, how many of it are done, and of how many."""

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """What to verify: the invoices of one `period` (yyyy-mm, of the period's start) or all (None).

    `as_of` is now, in UTC. `objects` and `events` say whether files are read and raw usage is added up again; events
    older than `retention_days` may be gone and are not missed.
    """

    tenant_id: str
    as_of: datetime
    period: str | None = None
    objects: bool = True
    events: bool = True
    retention_days: int = 400


@dataclass(slots=True, kw_only=True)
class Verification:
    """A verification in progress. `context` is what a billing run would work with; nothing is written through it.

    It holds a page of documents at a time. Of each bill it keeps one entry in `known`: its entity (`invoices/ID`), and
    whether no audit record has told of its issue yet.
    """

    request: VerifyRequest
    context: RunContext
    objects: Objects
    progress: Progress
    invoice_numbers: NumberCheck
    credit_note_numbers: NumberCheck
    findings: Findings = field(default_factory=Findings)
    read: Counter[str] = field(default_factory=Counter)
    known: dict[str, bool] = field(default_factory=dict)

    @property
    def documents(self) -> Documents:
        """The store."""
        return self.context.documents

    def find(self, kind: FindingKind, entity: str, message: str, *, name: str = "") -> None:
        """Note a finding that a sentence tells."""
        self.findings.add(Finding(kind=kind, entity=entity, name=name, message=message))

    def find_difference(self, kind: FindingKind, entity: str, difference: Difference, *, name: str, what: str) -> None:
        """Note a field that differs: `what` says whose it is, and from what."""
        self.findings.add(
            Finding(
                kind=kind,
                entity=entity,
                name=name,
                message=f"{what}: {difference}",
                field=difference.field,
                stored=difference.stored,
                expected=difference.expected,
            )
        )

    def plans_of(self, subscription: Subscription) -> Mapping[str, Plan]:
        """The plan versions of a subscription's phases; raises what makes one of them unreadable."""
        self.context.load_plans(phase.plan for phase in subscription.phases)
        found: dict[str, Plan] = {}
        for phase in subscription.phases:
            plan = self.context.plans[phase.plan]
            if isinstance(plan, BillingError):
                raise plan
            found[phase.plan] = plan
        return found

    def pages(self, stage: str, *queries: Query) -> Iterator[list[Document]]:
        """All that queries find, in the order of ids, a page at a time; it is counted, and the progress told."""
        total, done = sum(map(self.documents.count, queries)), 0
        for query in queries:
            for page in self.all_of(query):
                yield page
                done += len(page)
                self.read[stage] += len(page)
                self.progress(stage, done, max(total, done))

    def all_of(self, query: Query) -> Iterator[list[Document]]:
        """The pages of a query in the order of ids."""
        after: tuple[str] | None = None
        while page := self.documents.query(replace(query, limit=PAGE, start_after=after)):
            yield page
            after = (page[-1].id,)
