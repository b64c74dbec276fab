"""A worker of a billing run: bills the shards and settles the invoices that it is asked to, until nobody asks."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from billing.domain.customer import Customer
from billing.domain.invoice import Invoice
from billing.domain.run_report import Settled
from billing.ports import Documents, OperationCounts, StoreUnavailable
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.usecases.generate_invoices import RunOptions, bill_shards
from billing.usecases.run_context import RunContext, start_run
from billing.usecases.run_tasks import BillShards, Call, HandedOn, Line, PageDone, SettleInvoices, Task, TaskFailed

_A_SLICE = 20  # invoices settled at once: the others wait for no longer than their PDFs take


@dataclass(slots=True, kw_only=True)
class ShardWorker:
    """One worker. `options` says how a tenant's invoices are linked and settled, `operations` what was asked so far.

    Workers that can wait for each other number their pages in `turn`.
    """

    line: Line
    documents: Documents
    operations: Callable[[], OperationCounts]
    options: Callable[[str], RunOptions]
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    _stopped: bool = False
    _sharing: bool = False
    _told: OperationCounts = field(default_factory=OperationCounts)

    def work(self) -> None:
        """Do task after task; EOFError once the other end has hung up."""
        while True:
            task = self.line.recv()
            if isinstance(task, Call):  # meant for a task that is done already
                continue
            self._stopped = self._sharing = False
            try:
                self._do(task)
            except StoreUnavailable as error:
                self.line.send(TaskFailed(store=error.store, reason=error.reason))
            except (EOFError, BrokenPipeError, ConnectionResetError):
                raise
            except Exception as error:  # noqa: BLE001 - whoever waits for this task has to hear of its end
                self.line.send(TaskFailed(store=None, reason=f"{type(error).__name__}: {error}"))

    def _do(self, task: Task) -> None:
        match task:
            case BillShards(request=request):
                options = self.options(request.tenant_id)
                context = start_run(self.documents, request, payment_url=options.payment_url)
                context.turn = self.turn
                bill_shards(
                    context,
                    replace(
                        options,
                        settle=partial(self._settle, options),
                        out_of_time=self._is_stopped,
                        progress=lambda _invoices: self._tell_page(context, last=False),
                    ),
                )
                self._tell_page(context, last=True)
            case SettleInvoices(tenant_id=tenant_id, invoice_ids=ids):
                found = Invoices.of(self.documents, tenant_id).get(ids)
                settled = self._settle(self.options(tenant_id), [each for each in found if each is not None], {})
                self.line.send(PageDone(settled=settled, operations=self._new_operations(), last=True))

    def _settle(
        self, options: RunOptions, invoices: Sequence[Stored[Invoice]], customers: Mapping[str, Customer]
    ) -> Settled:
        """Settle a page slice by slice, and hand on half of the rest whenever somebody is idle."""
        settled, left = Settled(), list(invoices)
        while left:
            self._listen()
            if self._sharing and len(left) > _A_SLICE:
                self._sharing, middle = False, (len(left) + 1) // 2
                self.line.send(HandedOn(invoice_ids=[each.value.id for each in left[middle:]]))
                left = left[:middle]
            settled += options.settle(left[:_A_SLICE], customers)
            left = left[_A_SLICE:]
        return settled

    def _is_stopped(self) -> bool:
        self._listen()
        return self._stopped

    def _listen(self) -> None:
        while self.line.poll():
            call = self.line.recv()
            self._stopped |= call is Call.STOP
            self._sharing |= call is Call.SHARE

    def _tell_page(self, context: RunContext, *, last: bool) -> None:
        self.line.send(PageDone(report=context.hand_over(), operations=self._new_operations(), last=last))

    def _new_operations(self) -> OperationCounts:
        so_far = self.operations()
        new, self._told = so_far - self._told, so_far
        return new
