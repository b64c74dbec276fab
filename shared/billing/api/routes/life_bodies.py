"""Changes of a subscription's life as they are asked for: now, at the period's end, or at an instant."""

from decimal import Decimal
from typing import Annotated, Literal, assert_never

from pydantic import Field

from billing.api.routes.books import Books
from billing.api.routes.models import DayOrInstant, GivenModel, Id
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
    at: Moment | DayOrInstant = Moment.NOW


class GivenPlanChange(GivenModel):
    """Another plan version, as `plan@version`."""

    change: Literal["plan"] = "plan"
    plan: Id
    at: Moment | DayOrInstant = Moment.NOW


class GivenCancellation(GivenModel):
    """The end, and what becomes of the unused part of what was paid ahead."""

    change: Literal["cancel"] = "cancel"
    at: Moment | DayOrInstant = Moment.PERIOD_END
    unused: Unused = Unused.CREDIT


class GivenUndo(GivenModel):
    """No end after all."""

    change: Literal["undo_cancel"]


class GivenPause(GivenModel):
    """Nothing recurring from then on; `until` is when it goes on by itself."""

    change: Literal["pause"] = "pause"
    at: Moment | DayOrInstant = Moment.NOW
    until: DayOrInstant | None = None


class GivenResume(GivenModel):
    """Charged again from then on."""

    change: Literal["resume"] = "resume"
    at: Moment | DayOrInstant = Moment.NOW


GivenChange = Annotated[
    GivenItems | GivenPlanChange | GivenCancellation | GivenUndo | GivenPause | GivenResume,
    Field(discriminator="change"),
]


def change_of(
    given: GivenItems | GivenPlanChange | GivenCancellation | GivenUndo | GivenPause | GivenResume,
    books: Books,
) -> LifeChange:
    """What is asked for; InvalidInput for an instant that can't be."""
    match given:
        case GivenItems():
            return ItemsChange(quantities=given.quantities, at=_when(given.at, books))
        case GivenPlanChange():
            return PlanChange(plan=given.plan, at=_when(given.at, books))
        case GivenCancellation():
            return Cancellation(at=_when(given.at, books), unused=given.unused)
        case GivenUndo():
            return CancellationUndone()
        case GivenPause():
            return Pausing(at=_when(given.at, books), until=books.instant("until", given.until))
        case GivenResume():
            return Resuming(at=_when(given.at, books))
        case _:
            assert_never(given)


def _when(at: Moment | DayOrInstant, books: Books) -> When:
    return at if isinstance(at, Moment) else books.instant("at", at)
