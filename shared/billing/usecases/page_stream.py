"""The pages of a run, each read and drafted while the one before it is committed and settled.

So neither we nor a store across the network wait for the other. A page that went stale meanwhile does no harm: what it
was drafted from is written with the version that was read, so its commit fails and it is read again.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from billing.domain.subscription import Subscription
from billing.ports.trace import in_this_trace
from billing.store.collection import Stored
from billing.usecases.draft_page import DraftedPage, draft_page
from billing.usecases.due_queue import DueQueue
from billing.usecases.run_context import RunContext


@dataclass(slots=True, kw_only=True)
class PageStream:
    """Drafted pages of one queue. `drafter` works ahead in one other thread; without it each page waits its turn."""

    context: RunContext
    queue: DueQueue
    drafter: Executor | None
    _coming: Future[DraftedPage] | None = None

    def next_page(self, *, limit: int) -> DraftedPage:
        """The next page, of at most `limit` subscriptions; empty when nothing is due any more."""
        coming, self._coming = self._coming, None
        return self._draft(limit) if coming is None else coming.result()

    def work_ahead(self, *, limit: int, after: DraftedPage) -> None:
        """Begin with the page after one that is about to be committed, unless some of that one come back first."""
        if self.drafter is not None and after.page and not after.behind(self.context.request.as_of):
            self._coming = self.drafter.submit(in_this_trace(self._draft), limit)

    def moved_on(self, subscriptions: Sequence[Stored[Subscription]]) -> None:
        """Tell the queue who was billed, so that those still behind come back."""
        if self._coming is not None:
            self._coming.result()  # the queue is one thread's at a time
        self.queue.moved_on(subscriptions)

    def _draft(self, limit: int) -> DraftedPage:
        return draft_page(self.context, self.queue.next_page(limit=limit))
