"""A customer at Stripe: made once, kept up to date, and made anew where somebody deleted it there."""

from typing import TYPE_CHECKING, cast

import stripe

from billing.adapters.stripe_earlier import customer_with_key
from billing.adapters.stripe_limits import once
from billing.adapters.stripe_refusals import GONE

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams, CustomerUpdateParams


def kept_customer(
    client: stripe.V1Services, *, key: str, said: "CustomerUpdateParams", known: str, looks_first: bool
) -> str:
    """The id of the customer that says now what is `said`: `known`, or one made with the key where that is ""."""
    email = str(said.get("email", ""))
    if known and _updated(client, known, said):
        return known
    found = customer_with_key(client, key=key, email=email) if looks_first else ""
    if found and _updated(client, found, said):
        return found
    new = cast("CustomerCreateParams", said)
    return client.customers.create(new, once(f"{key}/after/{known}" if known else key)).id


def is_deleted(customer: stripe.Customer) -> bool:
    """Whether somebody deleted it: of such a one Stripe answers its id alone."""
    return bool(getattr(customer, "deleted", False))


def _updated(client: stripe.V1Services, customer: str, said: "CustomerUpdateParams") -> bool:
    """Whether it could be: not where it is deleted. One that never was is refused: the key is of another account."""
    try:
        client.customers.update(customer, said)
    except stripe.InvalidRequestError as error:
        if error.code != GONE or not is_deleted(client.customers.retrieve(customer)):
            raise
        return False
    return True
