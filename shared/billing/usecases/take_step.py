"""Do what was decided about one dunning case: claim it, charge, tell, and write what came of it (semantics 9).

The claim is written by compare-and-set before anything happens, so two runs do a step once. A run that dies leaves its
claim: after its time the next run goes on with the same attempt, which is looked up and never charged twice, and sends
mails with the same Message-IDs. Between charge and mail invoice and customer are read again: what was promised, paid or
decided meanwhile stops the rest of the step.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt
from billing.domain.charging import attempt_of, is_answered, next_attempt
from billing.domain.customer import CardTry, Customer
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import Claim, DunningCase, claimed
from billing.domain.dunning_policy import CARD_DAYS, DunningPolicy
from billing.domain.dunning_report import DunningDetail
from billing.domain.dunning_retry import why_not_retried
from billing.domain.errors import BillingError, Conflict, NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_collectible, is_open
from billing.domain.notice import NoticeKind
from billing.ports import Write, WriteConflict
from billing.store.collection import Stored
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.charge_result import next_till
from billing.usecases.dunning_notices import Telling, Told, customer_kind, failed_kinds
from billing.usecases.dunning_run import DunningRun
from billing.usecases.finish_step import StepDone, ahead_of, finish_step
from billing.usecases.paid_before import book_paid_before

NO_STEP = -1
"""The day of a claim that no step of the schedule is behind: a review or a suspension alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCase:
    """A case as it was read, with its customer and policy, and what is to be done about it."""

    invoice: Stored[Invoice]
    customer: Stored[Customer]
    policy: DunningPolicy
    act: Act

    @property
    def case(self) -> DunningCase:
        """The case as it was read."""
        case = self.invoice.value.dunning
        assert case is not None  # noqa: S101 - nothing else is decided on
        return case

    @property
    def day(self) -> int:
        """The schedule's day that the claim is for."""
        return NO_STEP if self.act.step is None else self.act.step.day


class ChargeUnknown(Conflict):
    """The gateway did not say whether it charged: the step stands still until that is looked up."""

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(f"the gateway did not say whether it charged {invoice.number}; the next run looks it up")


def take_step(run: DunningRun, due: DueCase) -> DunningDetail | None:
    """Do it and say what was done; None where somebody else was quicker, and the case is to be read again.

    Raises what keeps the step from being done (GatewayUnavailable, a mail server that is away): it is due still, and
    what was done of it is not done again.
    """
    refusal = why_not_charged(run, due)
    claim = _claim(run, due, retries=refusal == "")
    claiming = _claimed(run, due, claim)
    if claiming is None:
        return None
    try:
        done = _done(run, due, claim, refusal=refusal)
    except Exception:
        _released(run, due, claim)
        raise
    if done is None:
        _released(run, due, claim)
        return None
    return finish_step(run, due.invoice.value.id, done)


def why_not_charged(run: DunningRun, due: DueCase) -> str:
    """Why a step charges nothing, in words; "" where it does. A charge without an answer is looked up in any case."""
    invoice, step = due.invoice.value, due.act.step
    if run.parts.gateway is None:
        return "the tenant has no gateway"
    if invoice.attempts and not is_answered(invoice.attempts[-1]):
        return ""
    if step is None:
        return "no step of the schedule"
    return why_not_retried(due.policy, invoice, due.customer.value, step=step, as_of=run.as_of)


def _claim(run: DunningRun, due: DueCase, *, retries: bool) -> Claim:
    """The claim of this run. One that a dead run left for the same step keeps its attempt: it may have been charged."""
    until = run.parts.now() + timedelta(seconds=run.parts.claim_seconds)
    left = due.case.claim
    if left is not None and left.day == due.day and left.attempt:
        return replace(left, until=until, by=run.request.run_id)
    attempt = next_attempt(due.invoice.value) if retries else 0
    return Claim(day=due.day, attempt=attempt, until=until, by=run.request.run_id)


def _claimed(run: DunningRun, due: DueCase, claim: Claim) -> Invoice | None:
    invoice, case = due.invoice.value, claimed(due.case, claim)
    is_new = claim.attempt and (due.case.claim is None or due.case.claim.attempt != claim.attempt)
    is_try = is_new and attempt_of(invoice, claim.attempt) is None
    writes: list[Write] = []
    if is_try:
        case = replace(case, tries=case.tries + 1)
        writes.append(run.customers.tried(due.customer, _tries(run, due.customer.value)))
    after = replace(invoice, dunning=case)
    try:
        run.documents.commit([run.cases.changed(due.invoice, after), *writes])
    except WriteConflict:
        return None
    return after


def _tries(run: DunningRun, customer: Customer) -> list[CardTry]:
    since = run.as_of - timedelta(days=CARD_DAYS)
    kept = [each for each in customer.card_tries if each.at > since]
    return [*kept, CardTry(method_id=customer.payment_method_id, at=run.as_of)]


def _done(run: DunningRun, due: DueCase, claim: Claim, *, refusal: str) -> StepDone | None:
    """What came of it; None where the case is to rest by now, and its charge, if there was one, is kept for later."""
    attempt = _charged(run, due, claim) if claim.attempt else _looked(run, due)
    invoice = _read(run, due.invoice.value.id)
    done = StepDone(
        act=due.act,
        policy=due.policy,
        claim=claim,
        attempt=0 if attempt is None else attempt.number,
        charged=0 if is_open(invoice) or attempt is None else attempt.amount,
        note="" if attempt is not None or due.act.step is None or not due.act.step.retry else refusal,
    )
    if invoice.dunning is None or invoice.dunning.claim != claim:  # another run took it over, or it begins anew
        return None
    is_under_way = attempt is not None and attempt.status is AttemptStatus.PENDING
    if not is_collectible(invoice) or is_under_way:
        return done
    if _rests_by_now(run, due, invoice):
        return None
    return _told(run, due, done, invoice=invoice, attempt=attempt)


def _rests_by_now(run: DunningRun, due: DueCase, invoice: Invoice) -> bool:
    """Whether somebody paused the case meanwhile, or its customer has no running subscription left to suspend."""
    [customer] = run.customers.get([invoice.customer_id])
    if customer is None:
        raise NotFound("customer", invoice.customer_id)
    return isinstance(decide(due.policy, invoice, customer.value, as_of=run.as_of), Rest)


def _charged(run: DunningRun, due: DueCase, claim: Claim) -> PaymentAttempt | None:
    """The attempt of the claim: made, finished, or found as a run before left it."""
    assert run.parts.gateway is not None  # noqa: S101 - or there would be no attempt
    known = attempt_of(_read(run, due.invoice.value.id), claim.attempt)
    if known is not None and is_answered(known):
        return known
    charged = charge_invoice(
        run.documents,
        due.invoice.value.id,
        gateway=run.parts.gateway(),
        source=AttemptSource.SCHEDULE,
        call=run.call(),
    )
    if charged.attempt is not None and not is_answered(charged.attempt):
        raise ChargeUnknown(charged.invoice)
    return charged.attempt


def _looked(run: DunningRun, due: DueCase) -> PaymentAttempt | None:
    """Before a step that charges nothing, in restored books: book what was paid, so that nobody is asked for it.

    The attempt that it was paid by, if it was one.
    """
    if run.parts.gateway is None or not run.parts.looks_first:
        return None
    invoice = _read(run, due.invoice.value.id)
    if not is_collectible(invoice):
        return None
    till = next_till(run.documents, invoice, gateway=run.parts.gateway(), call=run.call())
    booked = book_paid_before(run.documents, till, call=run.call())
    return None if booked is None else booked.attempt


def _told(
    run: DunningRun, due: DueCase, done: StepDone, *, invoice: Invoice, attempt: PaymentAttempt | None
) -> StepDone:
    """Tell the customer what the step says, and the tenant what failed, who has to look, whose service stops."""
    act, day = due.act, due.day if due.act.step else NO_STEP - due.case.day_of(due.act.on)
    telling = Telling(run=run, ahead=ahead_of(run, invoice, done), customer=due.customer.value)
    kind = None if act.step is None else customer_kind(act.step)
    told = Told() if kind is None else telling.tell_customer(kind, day=day)
    if act.suspend:
        telling.tell_customer(NoticeKind.SERVICE_SUSPENDED, day=day)
    kinds = failed_kinds(attempt) + ([NoticeKind.TENANT_REVIEW_NEEDED] if act.review else [])
    telling.tell_tenant(kinds, day=day, reason=act.review)
    return replace(done, notice=told.notice, note="; ".join(filter(None, (done.note, told.note))))


def _released(run: DunningRun, due: DueCase, claim: Claim) -> None:
    """Let the next run go on at once: this one lives and will not. Its attempt stays known."""
    [now] = run.invoices.get([due.invoice.value.id])
    if now is None or now.value.dunning is None or now.value.dunning.claim != claim:
        return
    case = claimed(now.value.dunning, replace(claim, until=run.parts.now()))
    try:
        run.documents.commit([run.cases.changed(now, replace(now.value, dunning=case))])
    except BillingError:  # the claim ends by itself
        return


def _read(run: DunningRun, invoice_id: str) -> Invoice:
    [stored] = run.invoices.get([invoice_id])
    if stored is None:
        raise NotFound("invoice", invoice_id)
    return stored.value
