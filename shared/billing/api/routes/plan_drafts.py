"""`/api/billing/plan-drafts`: the next version of each plan, until it is published or discarded."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Body, Path, Response

from billing.adapters.book_files.plan_draft import content_of, flaws_of, plan_of_draft, shown_content
from billing.api.routes.book_rules import flaw, said_of_body
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.conditions import OverRead, entity_tag
from billing.api.routes.models import AnswerModel
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.api.routes.plan_answers import PlanAnswer, plan_answer
from billing.domain.member import Role
from billing.domain.plan_draft import PlanDraft
from billing.store.collection import Stored
from billing.store.plan_drafts import PlanDrafts
from billing.store.plans import PlanVersions
from billing.usecases.draft_plan import discard_plan_draft, publish_plan_draft, save_plan_draft

router = noun("plan-drafts")
Reading = Annotated[Books, reading("plans")]
Administering = Annotated[Books, changing("plans", role=Role.ADMIN)]
OfPlan = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~+-]*$")]
GivenDraft = Annotated[
    dict[str, Any],
    Body(description="A plan as `POST /plans` takes it, as far as it goes; `plan_id` and `version` may be left out"),
]


class PlanDraftRow(AnswerModel):
    """A plan that has a draft, and who saved it last."""

    plan_id: str
    saved_by: str
    saved_at: datetime


class FlawAnswer(AnswerModel):
    """What is wrong or missing, and where."""

    field: str
    detail: str


class PlanDraftAnswer(PlanDraftRow):
    """A draft: `plan` as far as it goes, decimals as text; what keeps it from being published as `version`."""

    version: int
    plan: dict[str, Any]
    flaws: list[FlawAnswer]


@router.get("")
def list_drafts(books: Reading, paging: Paging) -> Paged[PlanDraftRow]:
    """List the plans that have a draft, in the order of their ids."""
    found = PlanDrafts.of(books.documents, books.tenant_id).page(paging.wanted)
    return paging.answer(found, PlanDraftRow, id_of=lambda each: each.plan_id)


@router.post("/{plan_id}/publish", status_code=201)
def publish_draft(plan_id: OfPlan, books: Administering, over: OverRead) -> PlanAnswer:
    """Publish the draft as the plan's next version and end it; while it has flaws it stays, and they are told (422)."""
    with said_of_body():
        plan = publish_plan_draft(books.documents, plan_id, read_plan=plan_of_draft, call=books.call, seen=over.seen)
    over.response.headers["Location"] = f"/api/billing/plans/{plan.ref}"
    return plan_answer(plan)


@router.get("/{plan_id}")
def get_draft(plan_id: OfPlan, books: Reading, response: Response) -> PlanDraftAnswer:
    """The draft of a plan, with its version as ETag."""
    return _answer(books, PlanDrafts.of(books.documents, books.tenant_id).get(plan_id), response)


@router.put("/{plan_id}")
def put_draft(plan_id: OfPlan, given: GivenDraft, books: Administering, over: OverRead) -> PlanDraftAnswer:
    """Save the draft of a plan, whatever it lacks; `flaws` says what still keeps it from being published.

    With If-Match nothing is replaced but what was read (412).
    """
    content = content_of(given, plan_id=plan_id)
    saved = save_plan_draft(books.documents, plan_id, content, call=books.call, seen=over.seen)
    return _answer(books, saved, over.response)


@router.delete("/{plan_id}", status_code=204)
def discard_draft(plan_id: OfPlan, books: Administering, over: OverRead) -> None:
    """Drop the draft of a plan; what is published stays as it is."""
    discard_plan_draft(books.documents, plan_id, call=books.call, seen=over.seen)


def _answer(books: Books, draft: Stored[PlanDraft], response: Response) -> PlanDraftAnswer:
    response.headers["ETag"] = entity_tag(draft.version)
    version = PlanVersions.of(books.documents, books.tenant_id).next_version(draft.value.plan_id)
    return PlanDraftAnswer(
        plan_id=draft.value.plan_id,
        saved_by=draft.value.saved_by,
        saved_at=draft.value.saved_at,
        version=version,
        plan=shown_content(draft.value),
        flaws=[FlawAnswer.model_validate(flaw(each)) for each in flaws_of(draft.value, version)],
    )
