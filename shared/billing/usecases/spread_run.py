"""A run spread over workers: shards are billed side by side, and what they come to is brought together here.

Each worker takes one shard after the other. Where no shard is left for one, it draws PDFs that another hands on. A
worker that dies costs its current shard this run: what it committed stands, and the next run bills the rest.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Protocol, assert_never

from billing.domain.errors import BillingError
from billing.ports import Documents, OperationCounts, StoreUnavailable
from billing.store.subscriptions import Subscriptions
from billing.usecases.generate_invoices import RunOptions
from billing.usecases.run_context import RunContext
from billing.usecases.run_tasks import BillShards, Call, HandedOn, Message, PageDone, SettleInvoices, Task, TaskFailed

_PULSE_SECONDS = 0.1


class Workers(Protocol):
    """Workers by number, each with a line to it."""

    @property
    def running(self) -> Sequence[int]:
        """Those that are still there."""
        ...

    def send(self, worker: int, message: object) -> None:
        """Tell a worker something."""
        ...

    def hear(self, *, seconds: float) -> Iterator[tuple[int, Any]]:
        """What workers said, waiting so long for the first; None from one that is gone."""
        ...


class WorkerFailed(BillingError):
    """A worker met something that no rule foresees."""

    code: ClassVar[str] = "worker_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"a worker of the run failed: {reason}")


def many_due(documents: Documents, tenant_id: str, *, as_of: datetime, shards: Sequence[int], number: int) -> bool:
    """Whether so many subscriptions are due in these shards; never more than that are counted."""
    subscriptions, left = Subscriptions.of(documents, tenant_id), number
    for shard in shards:
        left -= subscriptions.count_due(as_of=as_of, shard=shard, at_most=left)
        if left <= 0:
            return True
    return False


def bill_in(
    workers: Workers, context: RunContext, options: RunOptions, *, count: Callable[[OperationCounts], None]
) -> None:
    """Have every shard of a run billed by workers, onto the run's report; `count` hears what they asked of the stores.

    Raises StoreUnavailable where a worker found a store away, WorkerFailed; the others have then stopped as well.
    """
    _SpreadRun(workers=workers, context=context, options=options, count=count).bill()


@dataclass(slots=True, kw_only=True)
class _SpreadRun:
    workers: Workers
    context: RunContext
    options: RunOptions
    count: Callable[[OperationCounts], None]
    _waiting: deque[Task] = field(default_factory=deque)
    _busy: dict[int, Task] = field(default_factory=dict)
    _asked: set[int] = field(default_factory=set)
    _stopping: bool = False
    _failed: TaskFailed | None = None

    def bill(self) -> None:
        request = self.context.request
        self._waiting.extend(BillShards(request=replace(request, shards=(shard,))) for shard in self.context.shards)
        while self.workers.running and (self._busy or self._waiting):
            if not self._stopping and (self._failed or self.options.out_of_time()):
                self._stop()
            self._hand_out()
            for worker, message in self.workers.hear(seconds=_PULSE_SECONDS):
                if message is None:
                    self._lost(worker)
                else:
                    self._take(worker, message)
        if self._waiting:  # and nobody is left to do it
            self.context.report.complete = False
        if self._failed is not None:
            raise _error(self._failed)

    def _hand_out(self) -> None:
        idle = [worker for worker in self.workers.running if worker not in self._busy]
        while idle and self._waiting:
            worker = idle.pop()
            self._busy[worker] = self._waiting.popleft()
            self.workers.send(worker, self._busy[worker])
        if idle and self.context.request.settle:
            self._ask_to_share(len(idle))

    def _ask_to_share(self, helpers: int) -> None:
        """Each idle worker needs one that hands on; one that was asked and has not answered is not asked again."""
        able = [worker for worker in self._busy if worker not in self._asked]
        for worker in able[: max(0, helpers - len(self._asked))]:
            self._asked.add(worker)
            self.workers.send(worker, Call.SHARE)

    def _take(self, worker: int, message: Message) -> None:
        match message:
            case PageDone():
                self._add(message)
                if message.last:
                    self._finished(worker)
            case HandedOn(invoice_ids=ids):
                self._asked.discard(worker)
                self._waiting.append(SettleInvoices(tenant_id=self.context.tenant.id, invoice_ids=ids))
            case TaskFailed():
                self._failed = self._failed or message
                self._finished(worker)
            case _:
                assert_never(message)

    def _add(self, page: PageDone) -> None:
        report = self.context.report
        self.count(page.operations)
        report.add_settled(page.settled)
        if page.report is not None:
            report.merge(page.report)
            self.options.progress(len(page.report.invoices))

    def _lost(self, worker: int) -> None:
        if worker in self._busy:
            self.context.report.complete = False
            self.context.report.lost_workers += 1
            self._finished(worker)

    def _finished(self, worker: int) -> None:
        del self._busy[worker]
        self._asked.discard(worker)

    def _stop(self) -> None:
        """Begin no shard any more. Invoices that wait for their PDFs are left to the sweep."""
        self._stopping = True
        if any(isinstance(task, BillShards) for task in self._waiting):
            self.context.report.complete = False
        self._waiting.clear()
        for worker in self._busy:
            self.workers.send(worker, Call.STOP)


def _error(failed: TaskFailed) -> BillingError:
    return WorkerFailed(failed.reason) if failed.store is None else StoreUnavailable(failed.store, reason=failed.reason)
