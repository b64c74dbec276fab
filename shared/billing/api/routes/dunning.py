"""`/api/billing/dunning/cases`: whom the schedule chases, and what a person decides about it."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal, assert_never

from fastapi import Query
from pydantic import Field

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.invoice_answers import AttemptAnswer
from billing.api.routes.models import LONGEST_ID, AnswerModel, GivenModel, NamedId, Reason, Text
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging, Several, any_of
from billing.domain.case_decision import BackToSchedule, CaseDecision, ExtendUntil, RetryNow, WriteOff
from billing.domain.dunning_case import CaseCause, CaseResolution, PauseReason, StepOutcome
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.ports import Gateway
from billing.store.collection import Collection
from billing.store.invoices import Invoices, decode_invoice
from billing.store.pages import page_by_id
from billing.usecases.pause_dunning import pause_dunning
from billing.usecases.resolve_case import resolve_case
from billing.usecases.resume_dunning import resume_dunning

router = noun("dunning")
Reading = Annotated[Books, reading("dunning")]
Changing = Annotated[Books, changing("dunning")]


class StepAnswer(AnswerModel):
    """A step of the schedule that was done or passed over."""

    day: int
    at: datetime
    outcome: StepOutcome
    state: CaseState
    notice: str
    attempt: int
    note: str


class CasePauseAnswer(AnswerModel):
    """A rest, until a local day or until it is resumed."""

    reason: PauseReason
    from_on: date
    until_on: date | None
    note: str


class CaseReviewAnswer(AnswerModel):
    """Why a case waits for a person, and what was decided."""

    opened_at: datetime
    reason: str
    resolved_at: datetime | None
    resolution: CaseResolution | None
    note: str
    actor: str


class ChasedAnswer(AnswerModel):
    """A dunning case: where it stands, what was done, when it is looked at next."""

    state: CaseState
    cause: CaseCause
    started_on: date
    started_at: datetime
    next_at: datetime | None
    tries: int
    history: list[StepAnswer]
    pause: CasePauseAnswer | None
    paused_days: int
    review: CaseReviewAnswer | None
    suspended_at: datetime | None
    restored_at: datetime | None


class CaseAnswer(AnswerModel):
    """An unpaid invoice with its case; `amount_due` in minor units of `currency`."""

    id: str
    number: str
    customer_id: str
    currency: str
    amount_due: int
    due_on: date
    dunning: ChasedAnswer


class GivenCasePause(GivenModel):
    """Why a case rests, and until which local day; a promise needs a day."""

    reason: PauseReason
    until: date | None = None
    note: Text = ""


class GivenCaseResume(GivenModel):
    """Why a rest ends, if it is to be said."""

    reason: Text = ""


class GivenDecision(GivenModel):
    """What is decided about a case that waits; `extend` needs the day until which the customer is left in peace."""

    decision: Literal["retry", "write_off", "resume"]
    reason: Reason


class GivenExtension(GivenModel):
    """The customer is left in peace until a local day."""

    decision: Literal["extend"]
    until: date
    reason: Reason


class ResolvedAnswer(AnswerModel):
    """The case as it stands now; `attempt` is what became of a charge."""

    case: CaseAnswer
    attempt: AttemptAnswer | None


@router.get("/cases")
def list_cases(
    books: Reading,
    paging: Paging,
    *,
    state: Several[CaseState],
    in_review: bool | None = None,
    customer_id: Annotated[str | None, Query(min_length=1, max_length=LONGEST_ID)] = None,
) -> Paged[CaseAnswer]:
    """List cases in the order of their invoices' ids, those that are over among them unless a state is asked for."""
    invoices = page_by_id(
        _collection(books),
        paging.wanted,
        read=lambda each: decode_invoice(each).value,
        equals={
            "dunning_state": any_of(state or [*CaseState]),
            "dunning_review": in_review,
            "customer_id": customer_id,
        },
    )
    return paging.shown(invoices, as_answer=_case, id_of=lambda each: each.id)


@router.get("/cases/{id_or_number}")
def get_case(id_or_number: NamedId, books: Reading) -> CaseAnswer:
    """The case of one invoice; 404 for one that is not and never was chased."""
    return _case(Invoices.of(books.documents, books.tenant_id).named(id_or_number).value)


@router.post("/cases/{id_or_number}/pause")
def pause(id_or_number: NamedId, given: GivenCasePause, books: Changing) -> CaseAnswer:
    """Let a case rest: a promise, a dispute, or because the customer asked. The same rest again changes nothing."""
    invoice = pause_dunning(
        books.documents, id_or_number, reason=given.reason, until=given.until, note=given.note, call=books.call
    )
    return _case(invoice)


@router.post("/cases/{id_or_number}/resume")
def resume(id_or_number: NamedId, given: GivenCaseResume, books: Changing) -> CaseAnswer:
    """End a rest; the days that it took do not count."""
    return _case(resume_dunning(books.documents, id_or_number, note=given.reason, call=books.call))


@router.post("/cases/{id_or_number}/resolve")
def resolve(
    id_or_number: NamedId,
    given: Annotated[GivenDecision | GivenExtension, Field(discriminator="decision")],
    books: Changing,
) -> ResolvedAnswer:
    """Decide about a case that waits: charge again, leave in peace, write off, or go on with the schedule."""
    done = resolve_case(
        books.documents,
        id_or_number,
        resolution=_decision(given),
        note=given.reason,
        call=books.call,
        gateway=_gateway(books),
    )
    attempt = None if done.attempt is None else AttemptAnswer.model_validate(done.attempt)
    return ResolvedAnswer(case=_case(done.invoice), attempt=attempt)


def _decision(given: GivenDecision | GivenExtension) -> CaseDecision:
    if isinstance(given, GivenExtension):
        return ExtendUntil(until=given.until)
    match given.decision:
        case "retry":
            return RetryNow()
        case "write_off":
            return WriteOff()
        case "resume":
            return BackToSchedule()
        case _:
            assert_never(given.decision)


def _gateway(books: Books) -> Callable[[], Gateway] | None:
    return books.needed_gateway if books.tenant.gateway else None


def _collection(books: Books) -> Collection:
    return Invoices.of(books.documents, books.tenant_id).collection


def _case(invoice: Invoice) -> CaseAnswer:
    if invoice.dunning is None:
        raise NotFound("dunning case of invoice", invoice.number or invoice.id)  # noqa: TRY003 - a kind, not a message
    return CaseAnswer.model_validate(invoice)
