"""The due subscriptions of a run, a page at a time: oldest bill first, then by customer.

A subscription that is behind comes back after each of its bills, up to the catch-up limit. One that could not be billed
does not come back in the same run.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from billing.domain.billing_cycle import next_bill_for
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.run_report import Failure
from billing.domain.subscription import Subscription
from billing.ports import Document
from billing.store.collection import Stored
from billing.store.subscriptions import DueCursor, decode_subscription, due_key
from billing.usecases.run_context import RunContext

PAGE = 200
CATCH_UP = 24
"""The most bills of one subscription in one run; the rest follow on the next run (semantics 3)."""


@dataclass(slots=True, kw_only=True)
class DueQueue:
    """What is left to bill in one shard.

    A subscription is read once; from its first bill on the run itself knows where it stands, so that a dry run, which
    moves nothing on in the store, sees the same pages.
    """

    context: RunContext
    shard: int
    _cursor: DueCursor | None = None
    _all_read: bool = False
    _seen: set[str] = field(default_factory=set)
    _waiting: list[tuple[DueCursor, Stored[Subscription]]] = field(default_factory=list)
    _billed: Counter[str] = field(default_factory=Counter)

    def next_page(self, *, limit: int) -> list[Stored[Subscription]]:
        """The next subscriptions to bill, at most `limit`; empty when nothing is due any more.

        A page ends before the next bill of anyone on it, so that older bills get the lower numbers across pages too.
        """
        page: list[Stored[Subscription]] = []
        ends: datetime | None = None
        while len(page) < limit:
            while not self._all_read and self._store_may_come_first():
                self._read_on(limit)
            if not self._waiting or (ends is not None and self._waiting[0][0][0] >= ends):
                break
            (due, _, _), subscription = heappop(self._waiting)
            page.append(subscription)
            if due < self.context.request.as_of and (following := _following(subscription.value, due)) is not None:
                ends = following if ends is None else min(ends, following)
        return page

    def moved_on(self, subscriptions: Sequence[Stored[Subscription]]) -> None:
        """Take back those that are still behind after a bill; past the limit of a run, more is due and it says so."""
        for each in subscriptions:
            due = each.value.next_billing_at
            if due is not None and due <= self.context.request.as_of:
                self._billed[each.value.id] += 1
                if self._billed[each.value.id] < CATCH_UP:
                    self._wait(each)
                else:
                    self.context.report.complete = False

    def _store_may_come_first(self) -> bool:
        return not self._waiting or self._cursor is None or self._waiting[0][0] > self._cursor

    def _read_on(self, limit: int) -> None:
        """Take the store's next rows. What this run saw before has moved on since and waits already, or is parked."""
        documents = self.context.subscriptions.due(
            as_of=self.context.request.as_of, shard=self.shard, limit=limit, after=self._cursor
        )
        self._all_read = len(documents) < limit
        if not self._all_read:
            self._cursor = due_key(documents[-1])
        for document in documents:
            if document.id not in self._seen:
                self._seen.add(document.id)
                self._take(document)

    def _take(self, document: Document) -> None:
        try:
            self._wait(decode_subscription(document))
        except BillingError as error:
            failure = Failure(subscription_id=document.id, code=error.code, message=str(error))
            self.context.report.failures.append(failure)

    def _wait(self, subscription: Stored[Subscription]) -> None:
        heappush(self._waiting, (_key(subscription.value), subscription))


def _following(subscription: Subscription, due: datetime) -> datetime | None:
    """The bill-for date after one that is due; None where there is none or where it will be parked anyway."""
    try:
        return next_bill_for(subscription, after=due)
    except (BillingError, ArithmeticError, ValueError):
        return None


def _key(subscription: Subscription) -> DueCursor:
    if subscription.next_billing_at is None:
        raise InvalidInput("next_billing_at", expected="a subscription with a bill to come", given=None)
    return subscription.next_billing_at, subscription.customer_id, subscription.id
