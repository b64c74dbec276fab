"""Changes of a subscription's life as they are asked for: now, at the period's end, or at an instant."""

from decimal import Decimal
from typing import Annotated, Literal, assert_never

from pydantic import Field

from billing.api.routes.books import Books
from billing.api.routes.field_names import FieldOf, by_name
from billing.api.routes.models import GivenModel, Id, LocalDayOrInstant
from billing.domain.kept_anchor import Anchor
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    LifeChange,
    Moment,
    Pausing,
    PlanChange,
    Resuming,
    When,
)
from billing.domain.subscription import Unused

Quantity = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=12)]


class GivenItems(GivenModel):
    """So many of each add-on, by the add-on's id; 0 ends it."""

    change: Literal["items"] = "items"
    quantities: Annotated[dict[Id, Quantity], Field(min_length=1, max_length=100)]
    at: Moment | LocalDayOrInstant = Moment.NOW


class GivenPlanChange(GivenModel):
    """Another plan version, as `plan@version`.

    One of another interval restarts the cycle at the change; with `keep` it is counted from the anchor of before.
    Without `anchor` the tenant's setting `interval_change` decides.
    """

    change: Literal["plan"] = "plan"
    plan: Id
    at: Moment | LocalDayOrInstant = Moment.NOW
    anchor: Anchor | None = None


class GivenCancellation(GivenModel):
    """The end, and what becomes of the unused part of what was paid ahead."""

    change: Literal["cancel"] = "cancel"
    at: Moment | LocalDayOrInstant = Moment.PERIOD_END
    unused: Unused = Unused.CREDIT


class GivenUndo(GivenModel):
    """No end after all."""

    change: Literal["undo_cancel"]


class GivenPause(GivenModel):
    """Nothing recurring from then on; `until` is when it goes on by itself."""

    change: Literal["pause"] = "pause"
    at: Moment | LocalDayOrInstant = Moment.NOW
    until: LocalDayOrInstant | None = None


class GivenResume(GivenModel):
    """Charged again from then on."""

    change: Literal["resume"] = "resume"
    at: Moment | LocalDayOrInstant = Moment.NOW


GivenChange = Annotated[
    GivenItems | GivenPlanChange | GivenCancellation | GivenUndo | GivenPause | GivenResume,
    Field(discriminator="change"),
]


def change_of(given: GivenChange, books: Books, subscription_id: str) -> LifeChange:
    """What is asked for; InvalidInput for an instant that can't be, NotFound for a date of no subscription."""
    match given:
        case GivenItems():
            return ItemsChange(quantities=given.quantities, at=_when(given.at, books, subscription_id))
        case GivenPlanChange():
            return PlanChange(plan=given.plan, at=_when(given.at, books, subscription_id), anchor=given.anchor)
        case GivenCancellation():
            return Cancellation(at=_when(given.at, books, subscription_id), unused=given.unused)
        case GivenUndo():
            return CancellationUndone()
        case GivenPause():
            until = None if given.until is None else books.instant_of(subscription_id, "until", given.until)
            return Pausing(at=_when(given.at, books, subscription_id), until=until)
        case GivenResume():
            return Resuming(at=_when(given.at, books, subscription_id))
        case _:
            assert_never(given)


def field_of(given: GivenChange) -> FieldOf:
    """The fields of a change by what its rules call them."""
    match given:
        case GivenItems():
            return by_name({"addon_id": "quantities.{given}"})
        case GivenCancellation():
            return by_name({"end": "at"})
        case GivenPause():
            return by_name({"end": "until"})
        case _:
            return by_name({})


def _when(at: Moment | LocalDayOrInstant, books: Books, subscription_id: str) -> When:
    return at if isinstance(at, Moment) else books.instant_of(subscription_id, "at", at)
