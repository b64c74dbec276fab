"""The steps of one invoice after its files: charge, then mail what came of it. Nothing is written here."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from billing.domain.attempt import AttemptStatus
from billing.domain.collected import Collected
from billing.domain.customer import Customer
from billing.domain.dunning_policy import DEFAULT_NAME, DunningPolicy
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.invoice_payment import is_collectible, is_open
from billing.domain.payment import Payment, PaymentSource
from billing.domain.run_report import CHARGE_UNKNOWN, SettlementFailure
from billing.domain.tenant import Tenant
from billing.ports import Documents, Objects
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.charge_result import WAITS_UNCHARGED, ChargeResult
from billing.usecases.collect import Collecting, charge_at_issue, charge_found, paid_without_charge
from billing.usecases.deliver import Mailing, deliver
from billing.usecases.invoice_notices import notices_of
from billing.usecases.invoice_outcome import Outcome, planned
from billing.usecases.record_payment import NewPayment
from billing.usecases.settle_documents import Filed, failure_of
from billing.usecases.wanted_mails import wanted_mails

RENDER, COLLECT, DELIVER = SettlementStep.RENDER, SettlementStep.COLLECT, SettlementStep.DELIVER
_FAILED = frozenset({AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION})
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What the steps are done with; None where there is nothing to do them with, and they wait."""

    documents: Documents
    objects: Objects
    collecting: Collecting | None
    mailing: Mailing | None
    call: Callable[[], Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An invoice with its files where they were just made; `customer` only where it was just issued to it."""

    invoice: Stored[Invoice]
    filed: Filed[Invoice] | None
    customer: Customer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What the steps came to, to be written; `failure` is what keeps those that are left."""

    outcome: Outcome
    failure: SettlementFailure | None = None
    collected: Collected = field(default_factory=Collected)


def has_steps(steps: Steps, case: Case) -> bool:
    """Whether there is more to do than was done with the files."""
    pending = case.invoice.value.pending
    is_charged = COLLECT in pending and steps.collecting is not None
    return is_charged or (DELIVER in pending and steps.mailing is not None)


def do_steps(steps: Steps, case: Case) -> Done:
    """Charge and mail. What fails keeps its step and those after it; a charge that was made is told all the same."""
    outcome = Outcome(invoice=case.invoice)
    if case.filed is not None:
        outcome = replace(outcome, done=frozenset({RENDER}), attachments=case.filed.attachments)
    try:
        outcome = _collected(steps, case, outcome)
    except Exception as error:  # noqa: BLE001 - whatever one charge does costs no other invoice its own
        failure = failure_of(case.invoice.value.id, error)
        if not _goes_out_uncharged(steps, case):
            return Done(outcome=outcome, failure=failure)
        return replace(_mailed(steps, case, outcome, is_charged=False), failure=failure)
    collected = _counted(outcome.charge)
    if outcome.charge is not None and outcome.charge.is_unknown:
        return Done(outcome=outcome, failure=_unknown(outcome.invoice.value, outcome.charge), collected=collected)
    is_charged = is_collectible(outcome.invoice.value)  # one that is closed waits for nothing to be told of
    done = _mailed(steps, case, outcome, is_charged=is_charged)
    return replace(done, collected=collected + done.collected)


def _goes_out_uncharged(steps: Steps, case: Case) -> bool:
    """Whether what can't be charged has waited for that long enough; its charge is tried on, night by night."""
    return steps.call().recorded_at >= case.invoice.value.issued_at + WAITS_UNCHARGED


def _mailed(steps: Steps, case: Case, outcome: Outcome, *, is_charged: bool = True) -> Done:
    try:
        return _delivered(steps, case, outcome, is_charged=is_charged)
    except Exception as error:  # noqa: BLE001 - nor its mail
        return Done(outcome=outcome, failure=failure_of(case.invoice.value.id, error))


def _collected(steps: Steps, case: Case, outcome: Outcome) -> Outcome:
    invoice, collecting, call = case.invoice, steps.collecting, steps.call()
    if collecting is None:
        return outcome
    if COLLECT not in invoice.value.pending:
        found = paid_without_charge(collecting, invoice, customer=case.customer, call=call)
        return replace(outcome, invoice=found.invoice, charge=found.result)
    if case.customer is not None:
        found = charge_at_issue(collecting, invoice, customer=case.customer, call=call)
    else:
        found = charge_found(collecting, invoice, call=call)
    result = found.result
    is_done = not found.is_under_way and (result is None or not result.is_unknown)
    was_sent = steps.mailing is not None and DELIVER not in invoice.value.pending
    return replace(
        outcome,
        invoice=found.invoice,
        charge=result,
        done=outcome.done | ({COLLECT} if is_done else frozenset()),
        adds=(DELIVER,) if result is not None and is_done and was_sent and is_open(found.invoice.value) else (),
    )


def _delivered(steps: Steps, case: Case, outcome: Outcome, *, is_charged: bool) -> Done:
    mailing, call = steps.mailing, steps.call()
    if mailing is None or DELIVER not in case.invoice.value.pending:
        return Done(outcome=outcome)
    is_looked_up = case.customer is None and COLLECT not in outcome.done
    if is_looked_up or _has_failed(outcome.charge):  # nobody hears of that who has paid meanwhile
        outcome = replace(outcome, invoice=_read_again(steps, case))
    if is_charged and COLLECT in outcome.invoice.value.pending and COLLECT not in outcome.done:
        return Done(outcome=outcome)
    plan = planned(outcome, is_booked=False, call=call)
    notices = notices_of(
        plan.after,
        tenant=mailing.tenant,
        policy=_policy(steps, case, plan.after, tenant=mailing.tenant),
        payment=plan.payment or _charged_before(steps, plan.after),
        pdf=_pdf(steps, case, outcome),
        sent_at=call.recorded_at,
    )
    if notices is None:
        return Done(outcome=outcome)
    delivery = deliver(mailing, wanted_mails(steps.documents, notices, customer=case.customer))
    outcome = replace(outcome, refused=delivery.refused)
    mailed = Collected(mailed=delivery.sent)
    if delivery.error is not None:
        return Done(outcome=outcome, failure=failure_of(plan.after.id, delivery.error), collected=mailed)
    return Done(outcome=replace(outcome, done=outcome.done | {DELIVER}), collected=mailed)


def _has_failed(charge: ChargeResult | None) -> bool:
    return charge is not None and charge.attempt is not None and charge.attempt.status in _FAILED


def _policy(steps: Steps, case: Case, invoice: Invoice, *, tenant: Tenant) -> DunningPolicy:
    """The customer's; who that is only matters where a charge failed and the tenant has several, and is read then."""
    customer, policies = case.customer, tenant.dunning
    if invoice.dunning is None or len(policies.policies) == 1:
        return policies.named(DEFAULT_NAME)
    if customer is None:
        [found] = Customers.of(steps.documents, tenant.id).get([invoice.customer_id])
        customer = None if found is None else found.value
    return policies.named(DEFAULT_NAME) if customer is None else policies.of(customer)


def _read_again(steps: Steps, case: Case) -> Stored[Invoice]:
    [now] = Invoices.of(steps.documents, steps.call().tenant_id).get([case.invoice.value.id])
    if now is None:
        raise NotFound("invoice", case.invoice.value.id)
    return now


def _charged_before(steps: Steps, invoice: Invoice) -> Payment | None:
    """The payment of a charge or on a hosted page that an earlier run or a webhook has booked: the last one."""
    if is_open(invoice):
        return None
    paid = [each.value for each in Payments.of(steps.documents, steps.call().tenant_id).of_invoice(invoice.id)]
    charged = [each for each in paid if each.source is PaymentSource.CARD]
    return max(charged, key=lambda each: (each.received_at, each.id), default=None)


def _pdf(steps: Steps, case: Case, outcome: Outcome) -> bytes:
    """The PDF as it was filed: what was just made, unless an earlier try was quicker."""
    attachments = outcome.attachments or outcome.invoice.value.attachments
    filed = next((each for each in attachments if each.content_type == _PDF), None)
    if filed is None:
        return b""
    made = case.filed.files.get("pdf", b"") if case.filed is not None else b""
    return made if sha256(made).hexdigest() == filed.sha256 else steps.objects.get(filed.key)


def _counted(charge: ChargeResult | None) -> Collected:
    if charge is None:
        return Collected()
    status = charge.attempt.status if charge.attempt else None
    taken: list[Payment | NewPayment] = [*charge.booked]
    taken += [charge.payment] if charge.payment is not None else []
    amounts = Counter[str]()
    for each in taken:
        amounts[each.currency] += each.amount
    return Collected(
        charged=len(taken),
        amounts=amounts,
        failed=Counter({charge.attempt.code: 1} if charge.attempt and status is AttemptStatus.DECLINED else {}),
        pending=int(status is AttemptStatus.PENDING),
        requires_action=int(status is AttemptStatus.REQUIRES_ACTION),
    )


def _unknown(invoice: Invoice, charge: ChargeResult) -> SettlementFailure:
    said = charge.attempt.message if charge.attempt else ""
    message = f"the gateway did not say whether it charged {invoice.number} ({said}); the next run looks it up"
    return SettlementFailure(invoice_id=invoice.id, code=CHARGE_UNKNOWN, message=message)
