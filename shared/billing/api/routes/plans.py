"""`/api/billing/plans`: plan versions, which never change once they are published."""

from typing import Annotated

from billing.adapters.book_files.plan_files import GivenPlan, plan_of
from billing.api.routes.book_rules import said_of_body
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.models import AnswerModel, Currency, Exact, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.catalog import Aggregation, Billed, FirstPeriod, Plan, Proration
from billing.domain.errors import BillingError
from billing.domain.member import Role
from billing.domain.period import Unit
from billing.store.codec import converter, decode
from billing.store.pages import page_by_id
from billing.store.plans import PlanVersions
from billing.usecases.publish_plans import publish_plans

router = noun("plans")
Reading = Annotated[Books, reading("plans")]
Administering = Annotated[Books, changing("plans", role=Role.ADMIN)]


class CycleAnswer(AnswerModel):
    """Every so many units of time."""

    every: int
    unit: Unit


class TierAnswer(AnswerModel):
    """Up to and including `up_to`, null without end; prices are exact decimals in the major unit."""

    name: str
    up_to: Exact | None
    unit_price: Exact
    flat_fee: Exact


class PriceAnswer(AnswerModel):
    """A usage price: `kind` says which of the other fields it has."""

    kind: str
    unit_price: Exact | None = None
    size: Exact | None = None
    tiers: list[TierAnswer] | None = None


class MeteredAnswer(AnswerModel):
    """What usage of a meter costs."""

    meter: str
    name: str
    aggregation: Aggregation
    price: PriceAnswer
    tax_inclusive: bool
    included: Exact


class RecurringAnswer(AnswerModel):
    """A fee for each cycle, in the major unit."""

    charge_id: str
    name: str
    unit_price: Exact
    proration: Proration
    tax_inclusive: bool


class PlanAnswer(AnswerModel):
    """One version of a plan; `id` is `plan@version`, which subscriptions and invoices name."""

    id: str
    plan_id: str
    version: int
    name: str
    currency: Currency
    cycle: CycleAnswer
    anchor_day: int | None
    billed: Billed
    first_period: FirstPeriod
    metered: list[MeteredAnswer]
    fees: list[RecurringAnswer]
    addons: list[RecurringAnswer]
    minimum_commitment: Exact | None
    trial_days: int


class CheckedAnswer(AnswerModel):
    """A plan that is sound, as it would be published."""

    plan: PlanAnswer
    published: bool


@router.get("")
def list_plans(books: Reading, paging: Paging) -> Paged[PlanAnswer]:
    """List plan versions in the order of their ids."""
    collection = PlanVersions.of(books.documents, books.tenant_id).collection
    found = page_by_id(collection, paging.wanted, read=lambda each: decode(each.fields, Plan))
    return paging.shown(found, as_answer=_answer, id_of=lambda each: each.ref)


@router.get("/{plan_version}")
def get_plan(plan_version: NamedId, books: Reading) -> PlanAnswer:
    """One version, by `plan@version`."""
    [found] = PlanVersions.of(books.documents, books.tenant_id).get([plan_version])
    if isinstance(found, BillingError):
        raise found
    return _answer(found)


@router.post("", status_code=201)
def publish_plan(given: GivenPlan, books: Administering) -> PlanAnswer:
    """Publish a version. The same again changes nothing; another content under the same version is a conflict."""
    plan = _sound(given)
    publish_plans(books.documents, [plan], call=books.call)
    return _answer(plan)


@router.post("/check")
def check_plan(given: GivenPlan, books: Reading) -> CheckedAnswer:
    """Say whether a plan is sound, and whether just this version stands already. Nothing is written."""
    plan = _sound(given)
    [found] = PlanVersions.of(books.documents, books.tenant_id).get([plan.ref])
    return CheckedAnswer(plan=_answer(plan), published=found == plan)


def _sound(given: GivenPlan) -> Plan:
    with said_of_body():
        return plan_of(given)


def _answer(plan: Plan) -> PlanAnswer:
    return PlanAnswer.model_validate({**converter().unstructure(plan), "id": plan.ref})
