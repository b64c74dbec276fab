"""What a verification carries from step to step: what was asked, what is read once, and what was found."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from billing.domain.catalog import Plan
from billing.domain.document_check import Difference
from billing.domain.errors import BillingError
from billing.domain.finding import Finding, FindingKind, Findings
from billing.domain.number_check import NumberCheck
from billing.domain.subscription import Subscription
from billing.ports import Document, Documents, Objects, Query, Value
from billing.usecases.run_context import RunContext
from billing.usecases.verify_place import OutOfTime, Place

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told the stage, how many of it are done, and of how many."""

PAGE = 500
ANY_ZONE = timedelta(days=2)
"""A month has begun, or ended, everywhere so long before or after it does in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """What to verify: the invoices of some `periods` (yyyy-mm, of the period's start), or everything (None).

    Of everything else only what can belong to these months is read: the payments of their invoices, the audit log and
    its seals since the first of them began, subscriptions that had not ended before.

    `as_of` is now, in UTC. `objects` and `events` say whether files are read and raw usage is added up again; events
    older than `retention_days` may be gone and are not missed.
    """

    tenant_id: str
    as_of: datetime
    periods: tuple[str, ...] | None = None
    objects: bool = True
    events: bool = True
    retention_days: int = 400

    @property
    def since(self) -> datetime | None:
        """Before this instant (UTC) nothing of the periods can have happened, in whatever zone; None for everything."""
        if self.periods is None:
            return None
        return datetime.fromisoformat(f"{min(self.periods)}-01").replace(tzinfo=UTC) - ANY_ZONE

    def wants(self, month: str) -> bool:
        """Whether a month (yyyy-mm) is to be verified."""
        return self.periods is None or month in self.periods


@dataclass(slots=True, kw_only=True)
class Verification:
    """A verification in progress. `context` is what a billing run would work with; nothing is written through it.

    It holds a page of documents at a time. Of each bill it keeps one entry in `known`: its entity (`invoices/ID`), and
    whether no audit record has told of its issue yet.
    """

    request: VerifyRequest
    context: RunContext
    objects: Objects
    progress: Progress | None
    out_of_time: Callable[[], bool]
    start: Place | None
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

    def pages(self, stage: str, *queries: Query, may_pause: bool = False) -> Iterator[list[Document]]:
        """All that queries find, in their order, a page at a time, from where the verification goes on.

        It is counted, and the progress told. Where it `may_pause`, OutOfTime is raised between two pages.
        """
        start = self.start if self.start is not None and self.start.stage == stage else Place(stage=stage)
        total, done = sum(map(self.documents.count, queries)) if self.progress is not None else 0, 0
        for number, query in enumerate(queries[start.query :], start=start.query):
            after = start.after if number == start.query else None
            pause = Pause(self.out_of_time, stage, number) if may_pause else None
            for page in self.all_of(query if after is None else replace(query, start_after=after), pause=pause):
                yield page
                done += len(page)
                self.read[stage] += len(page)
                if self.progress is not None:
                    self.progress(stage, done, max(total, done))

    def all_of(self, query: Query, *, pause: "Pause | None" = None) -> Iterator[list[Document]]:
        """The pages of a query, in its order."""
        after = query.start_after
        while True:
            if pause is not None:
                pause(after)
            page = self.documents.query(replace(query, limit=PAGE, start_after=after))
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = (*(page[-1].fields[part.field] for part in query.order), page[-1].id)


@dataclass(frozen=True, slots=True)
class Pause:
    """Raises OutOfTime before a page of a stage's query once the time is up."""

    out_of_time: Callable[[], bool]
    stage: str
    query: int

    def __call__(self, after: tuple[Value, ...] | None) -> None:
        """The page starts after that."""
        if self.out_of_time():
            raise OutOfTime(Place(stage=self.stage, query=self.query, after=after))
