"""`/api/billing/plans`: plan versions, which never change once they are published."""

from typing import Annotated

from fastapi import Response
from pydantic import Field

from billing.adapters.book_files.plan_files import GivenPlan, plan_of
from billing.api.routes.book_rules import said_of_body
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.models import AnswerModel, DayOrInstant, GivenModel, Id, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.api.routes.plan_answers import PlanAnswer, plan_answer
from billing.domain.catalog import Plan
from billing.domain.errors import BillingError
from billing.domain.member import Role
from billing.store.codec import decode
from billing.store.pages import page_by_id
from billing.store.plans import PlanVersions
from billing.usecases.correct_plan import correct_plan
from billing.usecases.publish_plans import publish_plans

router = noun("plans")
Reading = Annotated[Books, reading("plans")]
Administering = Annotated[Books, changing("plans", role=Role.ADMIN)]


class CheckedAnswer(AnswerModel):
    """A plan that is sound, as it would be published."""

    plan: PlanAnswer
    published: bool


class GivenCorrection(GivenModel):
    """The published version (`plan@version`) in place of the wrong one, for all subscriptions or for these.

    From `since` on (a date in the tenant's zone, or an instant), or from each one's first period that is not billed.
    """

    right: Id
    since: DayOrInstant | None = None
    subscription_ids: Annotated[list[Id], Field(min_length=1, max_length=200)] | None = None


class CorrectionFailureAnswer(AnswerModel):
    """A subscription that could not be put on the right version, and why."""

    subscription_id: str
    code: str
    message: str


class CorrectionAnswer(AnswerModel):
    """The subscriptions that are on the right version now, or would be, and why others are not."""

    dry_run: bool
    corrected: list[str]
    failures: list[CorrectionFailureAnswer]


@router.get("")
def list_plans(books: Reading, paging: Paging) -> Paged[PlanAnswer]:
    """List plan versions in the order of their ids."""
    collection = PlanVersions.of(books.documents, books.tenant_id).collection
    found = page_by_id(collection, paging.wanted, read=lambda each: decode(each.fields, Plan))
    return paging.shown(found, as_answer=plan_answer, id_of=lambda each: each.ref)


@router.get("/{plan_version}")
def get_plan(plan_version: NamedId, books: Reading) -> PlanAnswer:
    """One version, by `plan@version`."""
    [found] = PlanVersions.of(books.documents, books.tenant_id).get([plan_version])
    if isinstance(found, BillingError):
        raise found
    return plan_answer(found)


@router.post("", status_code=201)
def publish_plan(given: GivenPlan, books: Administering, response: Response) -> PlanAnswer:
    """Publish a version. The same again changes nothing; another content under the same version is a conflict."""
    plan = _sound(given)
    publish_plans(books.documents, [plan], call=books.call)
    response.headers["Location"] = f"/api/billing/plans/{plan.ref}"
    return plan_answer(plan)


@router.post("/check")
def check_plan(given: GivenPlan, books: Reading) -> CheckedAnswer:
    """Say whether a plan is sound, and whether just this version stands already. Nothing is written."""
    plan = _sound(given)
    [found] = PlanVersions.of(books.documents, books.tenant_id).get([plan.ref])
    return CheckedAnswer(plan=plan_answer(plan), published=found == plan)


@router.post("/{plan_version}/correct")
def correct(
    plan_version: NamedId, given: GivenCorrection, books: Administering, *, dry_run: bool = False
) -> CorrectionAnswer:
    """Put subscriptions on the right version in place of this one, as if they had been on it; what is billed stays.

    With `dry_run` it only says what that would do.
    """
    since = books.instant("since", given.since)
    report = correct_plan(
        books.documents,
        wrong=plan_version,
        right=given.right,
        call=books.call,
        since=since,
        subscription_ids=given.subscription_ids,
        dry_run=dry_run,
    )
    failures = [
        CorrectionFailureAnswer(subscription_id=each.subscription_id, code=each.error.code, message=str(each.error))
        for each in report.failures
    ]
    return CorrectionAnswer(dry_run=dry_run, corrected=report.corrected, failures=failures)


def _sound(given: GivenPlan) -> Plan:
    with said_of_body():
        return plan_of(given)
