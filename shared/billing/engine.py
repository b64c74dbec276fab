"""The product with its outside parts connected: each use case with what it needs of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from billing.adapters.counting import CountingDocuments, CountingObjects
from billing.adapters.event_notice import EventNotice, EventQueue
from billing.api.call_log import CallLog, json_lines
from billing.config import (
    PAYMENT_LINK_KEY,
    STRIPE_KEY,
    Misconfigured,
)
from billing.connections import (
    stripe_gateway,
)
from billing.crew import Crew, bill_with
from billing.domain.credit import CreditNote
from billing.domain.dunning_report import DunningReport
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice
from billing.domain.payment_link import payment_url
from billing.domain.run_report import RunReport, Settled
from billing.domain.tenant import Tenant
from billing.drawing import MailWriter, draw_credit_notes, draw_invoices
from billing.outbox import Outbox
from billing.ports import Clock, Gateway, Mailer, OperationCounts, Secrets, Tasks
from billing.store.collection import Stored
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.collect import Collecting
from billing.usecases.deliver import Mailing
from billing.usecases.deliver_events import EventsDelivered
from billing.usecases.dunning_run import CLAIM_SECONDS, DunningParts, DunningRequest
from billing.usecases.file_document import filed_pdf
from billing.usecases.generate_invoices import RunOptions, bill_shards, generate_invoices
from billing.usecases.run_context import RunContext, RunRequest
from billing.usecases.run_dunning import run_dunning
from billing.usecases.seal_audit import seal_audit
from billing.usecases.settle_credit_notes import settle_credit_notes
from billing.usecases.settle_invoices import Settlement, settle_by_id, settle_invoices, sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The product with its outside parts connected. Safe to keep between requests and to share between threads.

    `work_ahead` says that the documents are across a network, which is worth a second thread. Without a `crew` this
    process does every run alone; without `tasks` there is no queue. With `files_only` charges and mails wait.
    """

    documents: CountingDocuments
    objects: CountingObjects
    secrets: Secrets
    clock: Clock
    payment_link_base: str | None
    mailer: Mailer | None = None
    work_ahead: bool = False
    crew: Crew | None = None
    stripe_base_url: str | None = None
    files_only: bool = False
    loopback_events: bool = False
    look_before_charging: bool = False
    claim_seconds: int = CLAIM_SECONDS
    tasks: Tasks | None = None
    event_queue: EventQueue | None = None

    def gateway(self, tenant: Tenant) -> Gateway | None:
        """What charges the tenant's cards, or None where it takes transfers alone.

        Raises Misconfigured where its account has no key, InvalidInput for a gateway that is none of ours.
        """
        if not tenant.gateway:
            return None
        if tenant.gateway != "stripe":
            raise InvalidInput("gateway", expected="stripe, or none", given=tenant.gateway)
        name = f"{STRIPE_KEY}_{tenant.gateway_account}" if tenant.gateway_account else STRIPE_KEY
        keys = self.secrets.get(name)
        if not keys:
            raise Misconfigured([(name, f"is not set; it is the secret key of tenant {tenant.id}'s Stripe account")])
        return stripe_gateway(keys[0], base_url=self.stripe_base_url, looks_first=self.look_before_charging)

    @property
    def operations(self) -> OperationCounts:
        """What was asked of the stores so far."""
        return self.documents.counts + self.objects.counts

    def counted(self) -> "Engine":
        """The same parts with a count of their own, for one call."""
        return replace(self, documents=CountingDocuments(self.documents), objects=CountingObjects(self.objects))

    def with_tasks(self, tasks: Tasks | None, *, log: CallLog | None = None) -> "Engine":
        """The same parts with a queue, which hears of every commit that leaves something to deliver."""
        if tasks is None:
            return self
        queue = EventQueue(tasks, now=self.clock.now, log=log or json_lines())
        documents = CountingDocuments(EventNotice(self.documents, queue))
        return replace(self, tasks=tasks, event_queue=queue, documents=documents)

    def generate_invoices(
        self,
        request: RunRequest,
        *,
        out_of_time: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda _invoices: None,
        on_invoice: Callable[[Invoice], None] | None = None,
    ) -> RunReport:
        """Bill one tenant and settle its invoices, those that an earlier run left unsettled included.

        `progress` hears of each page, `on_invoice` of each invoice as it is issued, in a dry run too. A large run is
        spread over the crew, unless it is a dry one, has a limit or somebody listens to its invoices: one process has
        to number, count or name those in their order.
        """
        tenant = Tenants(self.documents).get(request.tenant_id)
        options = replace(
            self._run_options(tenant),
            out_of_time=out_of_time,
            progress=progress,
            on_invoice=on_invoice or (lambda _invoice: None),
            work_ahead=self.work_ahead,
        )
        alone = request.dry_run or request.limit is not None or on_invoice is not None
        report = generate_invoices(self.documents, request, options, bill=bill_shards if alone else self._bill)
        if request.settle and request.shards is None and not request.dry_run and not self.files_only:
            report.add_settled(sweep(self._settlement(tenant), out_of_time=out_of_time, sweep_from=request.sweep_from))
        return report

    def settle(self, tenant_id: str, invoice_ids: Sequence[str]) -> Settled:
        """Settle these invoices of a tenant as far as steps of theirs are pending; NotFound for an unknown tenant."""
        return settle_by_id(self._settlement(Tenants(self.documents).get(tenant_id)), invoice_ids)

    def settle_rest(
        self, tenant_id: str, *, out_of_time: Callable[[], bool] = lambda: False, sweep_from: str = ""
    ) -> Settled:
        """Settle what earlier runs left of a tenant's documents, as `sweep`; NotFound for an unknown tenant."""
        settlement = self._settlement(Tenants(self.documents).get(tenant_id))
        return sweep(settlement, out_of_time=out_of_time, sweep_from=sweep_from)

    def run_dunning(self, request: DunningRequest, *, out_of_time: Callable[[], bool] = lambda: False) -> DunningReport:
        """Chase what one tenant's customers have not paid, send the receipts of what came in, and tell its own system.

        What of that fails is done by the next run, and is named on the report. The audit log is sealed at the end.
        """
        tenant = Tenants(self.documents).get(request.tenant_id)
        collecting = self._collecting(tenant)
        parts = DunningParts(
            gateway=None if collecting is None else collecting.gateway,
            mailing=self.mailing(tenant),
            pdf=partial(filed_pdf, self.objects),
            now=self.clock.now,
            claim_seconds=self.claim_seconds,
            looks_first=self.look_before_charging,
            tenant=tenant,
        )
        report = run_dunning(self.documents, request, parts, out_of_time=out_of_time)
        if not request.dry_run and request.shards is None:
            self._close_dunning(tenant, request, report, out_of_time=out_of_time)
        return report

    def close_dunning(self, request: DunningRequest, report: DunningReport, *, out_of_time: Callable[[], bool]) -> None:
        """What a dunning run does once, after all shards: settle what is left, tell the tenant's own system, seal."""
        self._close_dunning(Tenants(self.documents).get(request.tenant_id), request, report, out_of_time=out_of_time)

    def _close_dunning(
        self, tenant: Tenant, request: DunningRequest, report: DunningReport, *, out_of_time: Callable[[], bool]
    ) -> None:
        settled = sweep(self._settlement(tenant), out_of_time=out_of_time, sweep_from=request.sweep_from)
        report.add_settled(settled)
        now, by = self.clock.now(), request.actor
        call = Call(tenant_id=request.tenant_id, actor=by, recorded_at=now, request_id=request.request_id)
        report.undelivered_events = len(self.deliver_events(call, out_of_time=out_of_time).failures)
        seal_audit(self.documents, call=call)

    def run_options(self, tenant_id: str) -> RunOptions:
        """How a tenant's invoices are linked and settled; NotFound for an unknown tenant."""
        return self._run_options(Tenants(self.documents).get(tenant_id))

    def _run_options(self, tenant: Tenant) -> RunOptions:
        settlement = self._settlement(tenant)
        return RunOptions(
            tenant=tenant,
            payment_url=self._payment_links(tenant.id),
            settle=partial(settle_invoices, settlement),
        )

    def settle_credit_notes(self, tenant: Tenant, credit_notes: Sequence[Stored[CreditNote]]) -> Settled:
        """Do the pending steps of a tenant's credit notes: files, refunds, mails."""
        settlement = self._settlement(tenant).credit_notes
        return Settled() if settlement is None else settle_credit_notes(settlement, credit_notes)

    @property
    def outbox(self) -> Outbox:
        """What delivers the tenants' events."""
        return Outbox(
            documents=self.documents,
            secrets=self.secrets,
            clock=self.clock,
            loopback=self.loopback_events,
            queue=self.event_queue,
        )

    def deliver_events(
        self, call: Call, *, out_of_time: Callable[[], bool] = lambda: False, task: str = ""
    ) -> EventsDelivered:
        """As Outbox.deliver."""
        return self.outbox.deliver(call, task=task, out_of_time=out_of_time)

    def send_test_event(self, call: Call) -> str:
        """As Outbox.send_test."""
        return self.outbox.send_test(call)

    def _bill(self, context: RunContext, options: RunOptions) -> None:
        if self.crew is None:
            bill_shards(context, options)
        else:
            try:
                bill_with(self.crew, context, options, count=self.documents.add)
            finally:  # what a crew commits is not heard here, and was committed though the run fails after it
                if context.tenant.event_url and self.event_queue is not None:
                    self.event_queue.ask(context.tenant.id, why=context.request.part_id)

    def draw(self, tenant: Tenant, invoice: Invoice) -> bytes:
        """The PDF of an invoice that is filed nowhere, such as a preview."""
        [files] = draw_invoices(replace(tenant, e_invoices=()), [invoice], objects=self.objects)
        return files["pdf"]

    def _settlement(self, tenant: Tenant) -> Settlement:
        return Settlement(
            documents=self.documents,
            objects=self.objects,
            tenant_id=tenant.id,
            now=self.clock.now,
            render=partial(draw_invoices, tenant, objects=self.objects),
            render_credit_notes=partial(draw_credit_notes, tenant, objects=self.objects),
            collecting=None if self.files_only else self._collecting(tenant),
            mailing=None if self.files_only else self.mailing(tenant),
            has_listener=bool(tenant.event_url),
        )

    def _collecting(self, tenant: Tenant) -> Collecting | None:
        if not tenant.gateway:
            return None

        @cache
        def gateway() -> Gateway:
            found = self.gateway(tenant)
            assert found is not None  # noqa: S101 - the tenant names one
            return found

        return Collecting(
            documents=self.documents, gateway=gateway, tenant_id=tenant.id, looks_first=self.look_before_charging
        )

    def mailing(self, tenant: Tenant) -> Mailing | None:
        """How the tenant's mails are made and sent; None where it has no sender, or there is no mail server."""
        mailer = self.mailer
        if mailer is None or not tenant.mail_sender:
            return None
        return Mailing(mailer=mailer, compose=MailWriter(self.documents, tenant.id).compose, tenant=tenant)

    def _payment_links(self, tenant_id: str) -> Callable[[str], str]:
        keys = self.secrets.get(PAYMENT_LINK_KEY)
        base = self.payment_link_base
        if not keys or base is None:
            return lambda _invoice_id: ""
        return lambda invoice_id: payment_url(base, key=keys[0], tenant_id=tenant_id, invoice_id=invoice_id)
