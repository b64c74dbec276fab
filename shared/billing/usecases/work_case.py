"""Work on one dunning case until it rests: read it, decide, act, and read it again."""

from contextlib import suppress
from dataclasses import dataclass, field, replace

from billing.domain.charging import awaits_payment, is_answered, under_way, with_attempt
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import Claim, DunningCase, ended
from billing.domain.dunning_report import DunningAction, DunningDetail
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_collectible, is_open
from billing.domain.notice import NoticeKind
from billing.domain.period import local_date
from billing.ports import Document, Gateway, GatewayRefused, NotAtGateway, WriteConflict
from billing.store.collection import Stored
from billing.store.invoices import decode_invoice
from billing.usecases.change_invoice import change_invoice
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.dunning_notices import Telling, customer_kind
from billing.usecases.dunning_run import DunningRun
from billing.usecases.finish_step import StepDone, ahead_of, detail_of
from billing.usecases.follow_payment import follow_payment
from billing.usecases.restore_service import restore_services
from billing.usecases.take_step import NO_STEP, DueCase, take_step, why_not_charged

_MOST_TURNS = 12
"""Turns that one case may take in a run: a late step, a review, a suspension, a few lost races; more is a fault."""


@dataclass(slots=True, kw_only=True)
class Worked:
    """What was done about a case; `is_busy` where another run is at it just now."""

    details: list[DunningDetail] = field(default_factory=list)
    is_busy: bool = False


def work_case(run: DunningRun, document: Document) -> Worked:
    """Do all that is due about one invoice. Raises what keeps it from being done; what was done before stands."""
    worked = Worked()
    stored = _heard(run, decode_invoice(document), worked)
    for _ in range(_MOST_TURNS):
        case = None if stored is None else stored.value.dunning
        if stored is None or case is None:
            return worked
        if case.state.is_over:
            worked.details += _closed(run, stored, case)
            return worked
        if _is_anothers(run, case):
            worked.is_busy = True
            return worked
        due = _due(run, stored)
        if due is None:
            return worked
        if run.request.dry_run:
            worked.details.append(_foreseen(run, due))
            return worked
        if (detail := take_step(run, due)) is not None:
            worked.details.append(detail)
        [stored] = run.invoices.get([document.id])
    return worked


def _heard(run: DunningRun, stored: Stored[Invoice], worked: Worked) -> Stored[Invoice] | None:
    """The invoice once the gateway was asked about payments that are under way: the event that tells may be lost.

    So may the one of a hosted page: who paid on it is not reminded of that.
    """
    invoice, waiting = stored.value, under_way(stored.value)
    if run.parts.gateway is None or run.request.dry_run or not (invoice.checkout_id or awaits_payment(invoice)):
        return stored
    payments = {invoice.page_payment_id, "" if waiting is None else waiting.payment_id}
    for payment_id in sorted(payments - {"", _followed_page(run, run.parts.gateway(), invoice)}):
        try:
            follow_payment(run.documents, run.parts.gateway(), payment_id, call=run.call())
        except NotAtGateway as unknown:
            if not _is_for_a_person(run, invoice, payment_id, unknown):
                raise
    [now] = run.invoices.get([invoice.id])
    if now is not None and is_open(invoice) and not is_open(now.value):
        charged = 0 if waiting is None else waiting.amount
        worked.details.append(_left(invoice, now.value, DunningAction.RECOVERED, charged=charged))
    return now


def _is_for_a_person(run: DunningRun, invoice: Invoice, payment_id: str, unknown: NotAtGateway) -> bool:
    """Whether a person is to say what became of a charge that the gateway does not know: nobody else ever hears of it.

    That is written down. Once somebody looked at the case it is not asked again, and nor is it of a page's payment.
    """
    waiting, case = under_way(invoice), invoice.dunning
    if waiting is None or waiting.payment_id != payment_id or case is None or case.was_resolved:
        return False
    unheard = replace(waiting, message=unknown.reason)

    def noted(now: Invoice) -> Invoice:
        return with_attempt(now, unheard, at=run.parts.now()) if under_way(now) == waiting else now

    change_invoice(run.documents, invoice.id, noted, event="invoice.charge_not_at_gateway", call=run.call())
    return True


def _followed_page(run: DunningRun, gateway: Gateway, invoice: Invoice) -> str:
    """Write down what was paid on the invoice's hosted page, and forget one that has ended; that payment's id, or "".

    One that the gateway refuses to show, as another account's, holds nothing back.
    """
    with suppress(GatewayRefused):
        if invoice.checkout_id:
            return close_other_ways(run.documents, gateway, invoice.id, paid_by="", call=run.call())
    return ""


def foreseen_case(run: DunningRun, invoice: Stored[Invoice]) -> list[DunningDetail]:
    """What a dry run says of a case that stands nowhere yet."""
    due = _due(run, invoice)
    return [] if due is None else [_foreseen(run, due)]


def _due(run: DunningRun, stored: Stored[Invoice]) -> DueCase | None:
    """The case with what is to be done; None where it rests, until when is written down."""
    [customer] = run.customers.get([stored.value.customer_id])
    if customer is None:
        raise NotFound("customer", stored.value.customer_id)
    policy = run.tenant.dunning.of(customer.value)
    decision = decide(policy, stored.value, customer.value, as_of=run.as_of)
    if isinstance(decision, Rest) and _has_no_answer(run, stored.value):
        decision = Act(on=local_date(run.as_of, stored.value.zone))
    if isinstance(decision, Rest):
        _rest(run, stored, decision)
        return None
    return DueCase(invoice=stored, customer=customer, policy=policy, act=decision)


def _has_no_answer(run: DunningRun, invoice: Invoice) -> bool:
    """Whether a charge that somebody began, and nobody knows the end of, is to be finished before the case rests.

    Nobody else does, at the end of a schedule or while a person decides, and its customer can pay in no other way.
    """
    if run.parts.gateway is None or run.request.dry_run or not invoice.attempts or not is_collectible(invoice):
        return False
    is_paused = invoice.dunning is not None and invoice.dunning.pause is not None
    return not is_paused and not is_answered(invoice.attempts[-1])


def _is_anothers(run: DunningRun, case: DunningCase) -> bool:
    claim = case.claim
    return claim is not None and claim.by != run.request.run_id and claim.until > run.parts.now()


def _rest(run: DunningRun, stored: Stored[Invoice], decision: Rest) -> None:
    case, next_at = stored.value.dunning, run.next_look(decision, stored.value)
    if case is None or case.next_at == next_at or run.request.dry_run:
        return
    after = replace(stored.value, dunning=replace(case, next_at=next_at))
    try:
        run.documents.commit([run.cases.changed(stored, after)])
    except WriteConflict:  # whoever was quicker has said when it is looked at
        return


def _closed(run: DunningRun, stored: Stored[Invoice], case: DunningCase) -> list[DunningDetail]:
    """What is left to do about a case that is over: the service comes back, and the customer hears of it."""
    if run.request.dry_run:
        return []
    details: list[DunningDetail] = []
    if case.awaits_restoring and restore_services(run.documents, [stored.value], call=run.call()):
        details.append(_left(stored.value, stored.value, DunningAction.RESTORED))
    [now] = run.invoices.get([stored.value.id])
    [customer] = run.customers.get([stored.value.customer_id])
    if now is None or now.value.dunning is None or now.value.dunning.next_at is None or customer is None:
        return details
    if now.value.dunning.restored_at is not None and customer.value.suspended_at is None:
        telling = Telling(run=run, ahead=now.value, customer=customer.value)
        telling.tell_customer(NoticeKind.SERVICE_RESTORED, day=NO_STEP)
    after = replace(now.value, dunning=ended(now.value.dunning))
    try:
        run.documents.commit([run.cases.changed(now, after)])
    except WriteConflict:  # the next run ends it
        return details
    return details


def _left(before: Invoice, after: Invoice, action: DunningAction, *, charged: int = 0) -> DunningDetail:
    """What became of a case that is over, outside its steps."""
    old, new = before.dunning, after.dunning
    assert old is not None  # noqa: S101 - nothing else is worked on
    assert new is not None  # noqa: S101 - a case that is over stays written down
    return DunningDetail(
        invoice_id=after.id,
        number=after.number,
        customer_id=after.customer_id,
        action=action,
        before=old.state,
        after=new.state,
        reminder_count=len(new.reminded_on),
        currency=after.currency,
        amount_due=after.amount_due,
        charged=charged,
    )


def _foreseen(run: DunningRun, due: DueCase) -> DunningDetail:
    """What a step would come to if its charge failed: nobody knows before."""
    refusal, step = why_not_charged(run, due), due.act.step
    kind = None if step is None else customer_kind(step)
    unheard = "" if kind is None else Telling(run=run, ahead=due.invoice.value, customer=due.customer.value).unheard
    done = StepDone(
        act=due.act,
        policy=due.policy,
        claim=Claim(day=due.day, attempt=0, until=run.as_of, by=run.request.run_id),
        attempt=0 if refusal else len(due.invoice.value.attempts) + 1,
        notice="" if kind is None or unheard else kind.value,
        note="; ".join(filter(None, (refusal if step is not None and step.retry else "", unheard))),
    )
    return detail_of(due.invoice.value, ahead_of(run, due.invoice.value, done), done)
