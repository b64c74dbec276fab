"""What keeps one subscription from being billed: it stands with its error and stops no other (semantics 3)."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from billing.domain.errors import BillingError
from billing.domain.subscription import Subscription
from billing.store.collection import Stored

T = TypeVar("T")

Refused = tuple[Stored[Subscription], BillingError]
"""A subscription that can't be billed now, and why."""


class UnexpectedError(BillingError):
    """Billing one subscription or settling one invoice failed in a way that no rule foresees."""

    code: ClassVar[str] = "unexpected_error"

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(f"{type(error).__name__}: {str(error)[:500]}")


def foreseen(error: Exception) -> BillingError:
    """The error itself where it is one of ours, else UnexpectedError around it."""
    return error if isinstance(error, BillingError) else UnexpectedError(error)


def or_refused(subscription: Stored[Subscription], work: Callable[[], T]) -> T | Refused:
    """What `work` comes to for this subscription, or the subscription with what went wrong."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - a fault in one account's facts must not cost the others their bills
        return subscription, foreseen(error)
