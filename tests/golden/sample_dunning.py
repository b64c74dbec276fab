"""What dunning leaves in documents, every field in use: a tenant's policies, a case with its history, its customer."""

from dataclasses import replace
from datetime import date, time

from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt
from billing.domain.customer import CardTry
from billing.domain.decline import Advice
from billing.domain.dunning_case import (
    CaseCause,
    CaseResolution,
    CaseReview,
    Claim,
    DunningCase,
    Pause,
    PauseReason,
    StepOutcome,
    StepRecord,
)
from billing.domain.dunning_policies import DEFAULT_POLICY, DunningPolicies
from billing.domain.dunning_policy import (
    CaseState,
    Channel,
    DunningPolicy,
    DunningStep,
    QuietHours,
    StepTemplate,
    WhileSuspended,
)
from billing.domain.invoice import Invoice
from billing.domain.period import Period
from billing.ports import Fields, Update
from billing.store.codec import converter, encode
from billing.store.customers import Customers
from billing.store.invoices import Invoices, case_fields
from billing.store.subscriptions import subscription_fields
from tests.builders import utc
from tests.reviewing import settings
from tests.world import World

POLICIES = DunningPolicies(
    policies=(
        DEFAULT_POLICY,
        DunningPolicy(
            name="gentle",
            steps=(
                DunningStep(
                    day=5, template=StepTemplate.REMINDER, channel=Channel.EVENT, state=CaseState.REMINDER_SENT
                ),
                DunningStep(day=30, state=CaseState.MANUAL_REVIEW),
            ),
            quiet_hours=QuietHours(start=time(20), end=time(8)),
            suspend_after_days=None,
            suspend_after_reminders=None,
            declines={"do_not_honor": Advice.UPDATE_METHOD},
        ),
    ),
    segments={"enterprise": "gentle"},
)

_PAST = Period(start=utc("2026-01-20"), end=utc("2026-01-25"))


def chased(world: World, invoice: Invoice) -> None:
    """The tenant has policies, the invoice a case that stopped the service, its customer tries and time not billed."""
    settings(world, dunning=POLICIES, while_suspended=WhileSuspended.CATCH_UP)
    owed = replace(invoice, attempts=(_attempt(invoice),), dunning=_case())
    attempts = converter().unstructure(owed.attempts, tuple[PaymentAttempt, ...])
    fields: Fields = {**case_fields(owed), "attempts": attempts}
    invoices = Invoices.of(world.documents, world.tenant.id)
    world.documents.commit([Update(invoices.path(invoice.id), fields)])
    [stored] = Customers.of(world.documents, world.tenant.id).get([invoice.customer_id])
    assert stored is not None
    customer = replace(
        stored.value,
        segment="enterprise",
        dunning_policy="gentle",
        time_zone="Asia/Tokyo",
        suspended_at=utc("2026-03-22"),
        suspension_reason=f"{invoice.number} is unpaid",
        card_tries=(CardTry(method_id="pm_1", at=utc("2026-03-04")),),
        suspensions=(_PAST,),
    )
    customers = Customers.of(world.documents, world.tenant.id)
    subscription = replace(world.subscription(invoice.subscription_id), unbilled=(_PAST,))
    world.documents.commit([Update(customers.path(customer.id), encode(customer))])
    world.damages(f"subscriptions/{subscription.id}", subscription_fields(subscription))


def _attempt(invoice: Invoice) -> PaymentAttempt:
    return PaymentAttempt(
        number=1,
        attempted_at=utc("2026-03-01"),
        amount=invoice.amount_due,
        status=AttemptStatus.DECLINED,
        method="Visa •••• 4242",
        payment_id="pi_1",
        code="insufficient_funds",
        advice=Advice.RETRY,
        message="Your card has insufficient funds.",
        method_id="pm_1",
        source=AttemptSource.SCHEDULE,
        network_advice=Advice.UPDATE_METHOD,
    )


def _case() -> DunningCase:
    """A case that has seen everything but its end."""
    at = utc("2026-03-04")
    done = StepRecord(
        day=3,
        at=at,
        outcome=StepOutcome.DONE,
        state=CaseState.REMINDER_SENT,
        notice="payment_reminder",
        attempt=2,
        note="insufficient_funds",
    )
    return DunningCase(
        state=CaseState.SUSPENDED,
        cause=CaseCause.PAYMENT_FAILED,
        started_on=date(2026, 3, 1),
        started_at=utc("2026-03-01"),
        next_at=utc("2026-04-01"),
        last_day=14,
        tries=1,
        reminded_on=(date(2026, 3, 4),),
        reminded_days=(3,),
        history=(done, replace(done, day=7, outcome=StepOutcome.PASSED_OVER, notice="", attempt=0, note="")),
        pause=Pause(
            reason=PauseReason.PROMISE, from_on=date(2026, 3, 25), until_on=date(2026, 4, 1), note="pays on Friday"
        ),
        paused_days=2,
        claim=Claim(day=14, attempt=2, until=at, by="run-1"),
        review=CaseReview(
            opened_at=at,
            reason="day 14: unpaid",
            resolved_at=at,
            resolution=CaseResolution.EXTENDED,
            note="pays on Friday",
            actor="kai",
        ),
        suspended_at=utc("2026-03-22"),
        restored_at=utc("2026-04-02"),
    )
