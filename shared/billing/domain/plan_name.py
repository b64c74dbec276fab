"""Ids of plans: those that begin with `by-hand.` are of plans that the product makes for invoices made by hand."""

from typing import Final

from billing.domain.errors import InvalidInput

BY_HAND: Final = "by-hand."


def plan_name(field: str, plan_id: str) -> str:
    """The id of a tenant's own plan; InvalidInput, naming `field`, for one that is kept for the product's."""
    if plan_id.startswith(BY_HAND):
        expected = f"a plan id that does not begin with {BY_HAND}, which is kept for invoices made by hand"
        raise InvalidInput(field, expected=expected, given=plan_id)
    return plan_id
