"""The due subscriptions of a run, a page at a time: oldest bill first, then by customer.

A subscription that is behind comes back after each of its bills, up to the catch-up limit. One that could not be billed
does not come back in the same run, because the queue only moves forward.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

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
    """What is left to bill in one shard."""

    context: RunContext
    shard: int
    _cursor: DueCursor | None = None
    _behind: dict[str, Subscription] = field(default_factory=dict)
    _billed: Counter[str] = field(default_factory=Counter)
    _refused: set[str] = field(default_factory=set)

    def next_page(self, *, limit: int) -> list[Stored[Subscription]]:
        """The next subscriptions to bill, at most `limit`; empty when nothing is due any more."""
        found = self._found(limit)
        rows = {each.value.id: each for each in found}
        waiting = [each for each in self._behind.values() if each.id not in rows]
        keys = sorted([*(_key(each.value) for each in found), *(_key(each) for each in waiting)])[:limit]
        taken = {key[2] for key in keys}
        page = self._fresh([each for each in waiting if each.id in taken])
        page += [each for each in found if each.value.id in taken]
        for each in page:
            self._behind.pop(each.value.id, None)
        self._cursor = max([_key(rows[each].value) for each in taken & rows.keys()], default=self._cursor)
        return sorted(page, key=lambda each: _key(each.value))

    def moved_on(self, subscriptions: Sequence[Subscription]) -> None:
        """Take back those that are still behind after a bill, until they reach the limit of a run."""
        for each in subscriptions:
            if each.next_billing_at is not None and each.next_billing_at <= self.context.request.as_of:
                self._billed[each.id] += 1
                if self._billed[each.id] < CATCH_UP:
                    self._behind[each.id] = each

    def _found(self, limit: int) -> list[Stored[Subscription]]:
        """The store's next rows, without those that had their share of this run; broken ones go on the report."""
        while True:
            documents = self.context.subscriptions.due(
                as_of=self.context.request.as_of, shard=self.shard, limit=limit, after=self._cursor
            )
            rows = [each for each in map(self._decoded, documents) if each is not None]
            if rows or not documents:
                return rows
            self._cursor = due_key(documents[-1])

    def _decoded(self, document: Document) -> Stored[Subscription] | None:
        if document.id in self._refused or self._billed[document.id] >= CATCH_UP:
            return None
        try:
            return decode_subscription(document)
        except BillingError as error:
            self._refused.add(document.id)
            failure = Failure(subscription_id=document.id, code=error.code, message=str(error))
            self.context.report.failures.append(failure)
            return None

    def _fresh(self, subscriptions: Sequence[Subscription]) -> list[Stored[Subscription]]:
        """Those that moved on, with the version they have now; a dry run moved them in memory only."""
        if self.context.request.dry_run:
            return [Stored(each, "") for each in subscriptions]
        found = self.context.subscriptions.get([each.id for each in subscriptions])
        return [
            now
            for before, now in zip(subscriptions, found, strict=True)
            if now is not None and now.value.next_billing_at == before.next_billing_at
        ]


def _key(subscription: Subscription) -> DueCursor:
    if subscription.next_billing_at is None:
        raise InvalidInput("next_billing_at", expected="a subscription with a bill to come", given=None)
    return subscription.next_billing_at, subscription.customer_id, subscription.id
