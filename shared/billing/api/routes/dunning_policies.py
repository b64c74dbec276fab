"""`/api/billing/dunning/policies`: how the unpaid are chased, and what another way would do."""

from datetime import date
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from billing.adapters.book_files.dunning_model import GivenDunning, policies_json, policies_of
from billing.api.routes.book_rules import said_of_body
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.conditions import Seen, entity_tag
from billing.api.routes.customers import the_customer
from billing.api.routes.models import LONGEST_ID, AnswerModel, Text, in_range
from billing.api.routes.noun import noun
from billing.domain.decline import Advice
from billing.domain.dunning_case import CaseCause
from billing.domain.dunning_example import EXAMPLE_CUSTOMER, example_invoice
from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import DEFAULT_NAME, CaseState, Channel, StepTemplate
from billing.domain.dunning_preview import SOFT_DECLINE, preview
from billing.domain.invoice import CollectionMethod
from billing.domain.member import Role
from billing.domain.period import local_date, local_midnight
from billing.domain.policy_warnings import policy_warnings
from billing.store.tenants import Tenants
from billing.usecases.set_policies import set_policies

router = noun("dunning")
Reading = Annotated[Books, reading("dunning")]
Administering = Annotated[Books, changing("dunning", role=Role.ADMIN)]
GivenId = Annotated[str | None, Query(min_length=1, max_length=LONGEST_ID)]


class PolicyStepAnswer(AnswerModel):
    """What is done on a day of the schedule."""

    day: int
    state: CaseState
    retry: bool
    template: StepTemplate
    channel: Channel


class QuietHoursAnswer(AnswerModel):
    """Hours of the customer's day in which nothing is sent, as 20:00."""

    start: str
    end: str


class PolicyAnswer(AnswerModel):
    """One policy; its days are local days from the first failed attempt or the first day overdue."""

    name: str
    steps: list[PolicyStepAnswer]
    quiet_hours: QuietHoursAnswer | None
    suspend_after_days: int | None
    suspend_after_reminders: int | None
    access_grace_days: int
    most_tries: int
    most_card_tries: int
    declines: dict[str, Advice]


class GivenPolicies(GivenDunning):
    """The policies to be, as a book has them. `warnings` is left alone: what was read can be sent back as it is."""

    warnings: Annotated[tuple[Text, ...], Field(max_length=1000)] = ()


class PoliciesAnswer(AnswerModel):
    """The tenant's policies, which segment follows which, and what is doubtful in them."""

    policies: list[PolicyAnswer]
    segments: dict[str, str]
    warnings: list[str]


class EffectAnswer(AnswerModel):
    """What a change does to the open cases of one policy."""

    policy: str
    cases: int
    moved: int
    suspended: int
    left_over: int


class SetPoliciesAnswer(AnswerModel):
    """The policies as they are from now on (or would be), and what that does to open cases."""

    dunning: PoliciesAnswer
    dry_run: bool
    changed: list[str]
    effects: list[EffectAnswer]
    earlier: int


class PreviewedStepAnswer(AnswerModel):
    """What happens on a day if nobody pays."""

    day: int
    on: date
    retry: bool
    notice: str
    state: CaseState
    note: str


class PolicyPreviewAnswer(AnswerModel):
    """What a policy does, by date, if nobody pays and each charge is declined."""

    policy: str
    data: list[PreviewedStepAnswer]


@router.get("/policies")
def get_policies(books: Reading, response: Response) -> PoliciesAnswer:
    """The tenant's policies, with the version of its settings as ETag."""
    stored = Tenants(books.documents).stored(books.tenant_id)
    response.headers["ETag"] = entity_tag(stored.version)
    return _answer(stored.value.dunning)


@router.put("/policies")
def put_policies(
    given: GivenPolicies, books: Administering, response: Response, seen: Seen, *, dry_run: bool = False
) -> SetPoliciesAnswer:
    """Set all policies at once; with `dry_run` it only says what that would do to open cases.

    With If-Match nothing is changed but what was read (412).
    """
    with said_of_body():
        policies = policies_of(given)
    done = set_policies(books.documents, policies, call=books.call, dry_run=dry_run, seen=seen)
    response.headers["ETag"] = entity_tag(done.version)
    return SetPoliciesAnswer(
        dunning=_answer(policies),
        dry_run=dry_run,
        changed=[each.setting.name for each in done.changes],
        effects=[EffectAnswer.model_validate(each) for each in done.effects],
        earlier=done.earlier,
    )


@router.get("/policies/preview")
def preview_policy(
    books: Reading,
    *,
    policy: GivenId = None,
    customer_id: GivenId = None,
    started_on: date | None = None,
    decline: Annotated[str, Query(min_length=1, max_length=64, pattern="^[a-z0-9_]+$")] = SOFT_DECLINE,
) -> PolicyPreviewAnswer:
    """What happens on which day to an invoice of a customer, or of an example, that nobody pays."""
    tenant = books.tenant
    customer = EXAMPLE_CUSTOMER if customer_id is None else the_customer(books, customer_id)
    wanted = tenant.dunning.of(customer) if customer_id and not policy else tenant.dunning.named(policy or DEFAULT_NAME)
    by_card = customer_id is None or customer.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    start = in_range("started_on", started_on or local_date(books.call.recorded_at, tenant.zone))
    cause = CaseCause.PAYMENT_FAILED if by_card else CaseCause.OVERDUE
    invoice = example_invoice(customer, started_on=start, zone=tenant.zone, cause=cause, code=decline)
    rows = preview(wanted, invoice, customer, as_of=local_midnight(start, tenant.zone))
    return PolicyPreviewAnswer(policy=wanted.name, data=[PreviewedStepAnswer.model_validate(each) for each in rows])


def _answer(policies: DunningPolicies) -> PoliciesAnswer:
    content = policies_json(policies)
    return PoliciesAnswer.model_validate({**content, "warnings": [*policy_warnings(policies)]})
