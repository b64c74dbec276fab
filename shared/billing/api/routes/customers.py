"""`/api/billing/customers`: whom invoices go to, and what they have and owe."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.conditions import Seen, entity_tag
from billing.api.routes.customer_bodies import GivenCustomer, GivenCustomerChange, changed_customer, new_customer
from billing.api.routes.documents import PartyAnswer
from billing.api.routes.field_names import by_name, said_of
from billing.api.routes.models import AnswerModel, Currency, GivenModel, NamedId, Reason
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.customer import Customer
from billing.domain.customer_preferences import InvoiceDelivery
from billing.domain.errors import NotFound
from billing.domain.invoice import CollectionMethod
from billing.domain.invoice_payment import is_collectible
from billing.store.codec import decode
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.store.pages import page_by_id
from billing.usecases.assign_policy import assign_policy
from billing.usecases.change_customer import change_customer
from billing.usecases.create_customer import create_customer
from billing.usecases.give_service_back import give_service_back

router = noun("customers")
Reading = Annotated[Books, reading("customers")]
Changing = Annotated[Books, changing("customers")]
_NAMES = by_name({"policy": "dunning_policy"})


class TaxPartyAnswer(AnswerModel):
    """What taxation rests on beside the address."""

    vat_id_valid: bool
    exempt: bool
    exemption_reason: str
    business: bool


class CustomerAnswer(AnswerModel):
    """A customer. `credit_balance` is in minor units of `currency`; `invoice_delivery` is how it wants its invoices."""

    id: str
    party: PartyAnswer
    tax: TaxPartyAnswer
    currency: Currency
    locale: str
    time_zone: str
    collection_method: CollectionMethod
    invoice_delivery: InvoiceDelivery
    buyer_reference: str
    segment: str
    dunning_policy: str
    active_subscriptions: int
    credit_balance: int
    payment_method: str
    suspended_at: datetime | None
    suspension_reason: str


class BalanceAnswer(AnswerModel):
    """What a customer has and owes, in minor units of `currency`."""

    customer_id: str
    currency: Currency
    credit_balance: int
    amount_due: int
    open_invoices: int


class GivenPolicy(GivenModel):
    """The policy, by its name, and the segment."""

    dunning_policy: Annotated[str, Field(max_length=200)] | None = None
    segment: Annotated[str, Field(max_length=200)] | None = None


class GivenRestoring(GivenModel):
    """Why the service is given back, for the audit log."""

    reason: Reason


class FollowedAnswer(AnswerModel):
    """The policy that a customer follows now, and how many of its cases are looked at earlier for it."""

    customer_id: str
    policy: str
    earlier: int


@router.get("")
def list_customers(books: Reading, paging: Paging) -> Paged[CustomerAnswer]:
    """List customers in the order of their ids."""
    collection = Customers.of(books.documents, books.tenant_id).collection
    found = page_by_id(collection, paging.wanted, read=lambda each: decode(each.fields, Customer))
    return paging.answer(found, CustomerAnswer, id_of=lambda each: each.id)


@router.post("", status_code=201)
def create(given: GivenCustomer, books: Changing, response: Response) -> CustomerAnswer:
    """Open an account. The same id, or Idempotency-Key without one, with the same particulars is the same customer."""
    customer = new_customer(given, customer_id=given.id or books.access.new_id("cus"), at=books.call.recorded_at)
    with said_of(_NAMES):
        created = create_customer(books.documents, customer, call=books.call).customer
    response.headers["Location"] = f"/api/billing/customers/{created.id}"
    return CustomerAnswer.model_validate(created)


@router.get("/{customer_id}")
def get_customer(customer_id: NamedId, books: Reading, response: Response) -> CustomerAnswer:
    """One customer, with its version as ETag."""
    stored = _stored(books, customer_id)
    response.headers["ETag"] = entity_tag(stored.version)
    return CustomerAnswer.model_validate(stored.value)


@router.patch("/{customer_id}")
def change(
    customer_id: NamedId, given: GivenCustomerChange, books: Changing, response: Response, seen: Seen
) -> CustomerAnswer:
    """Change what is named, for invoices to come; with If-Match only what was read (412)."""

    def changed(stored: Stored[Customer]) -> Customer:
        seen(stored.version)
        return changed_customer(stored.value, given, at=books.call.recorded_at)

    change_customer(books.documents, customer_id, changed, call=books.call)
    stored = _stored(books, customer_id)
    response.headers["ETag"] = entity_tag(stored.version)
    return CustomerAnswer.model_validate(stored.value)


@router.put("/{customer_id}/dunning-policy")
def assign(customer_id: NamedId, given: GivenPolicy, books: Changing, response: Response, seen: Seen) -> FollowedAnswer:
    """Say which dunning policy or segment a customer follows; "" takes it away, what is not named stays.

    With If-Match only over what was read of the customer (412).
    """
    policy, segment = given.dunning_policy, given.segment
    with said_of(_NAMES):
        done = assign_policy(books.documents, customer_id, policy=policy, segment=segment, call=books.call, seen=seen)
    response.headers["ETag"] = entity_tag(done.customer.version)
    return FollowedAnswer(customer_id=done.customer.value.id, policy=done.policy, earlier=done.earlier)


@router.post("/{customer_id}/restore")
def restore(
    customer_id: NamedId, given: GivenRestoring, books: Changing, response: Response, seen: Seen
) -> CustomerAnswer:
    """Give a suspended customer its service back by hand; what it owes is chased as before. Again changes nothing."""
    give_service_back(books.documents, customer_id, note=given.reason, call=books.call, seen=seen)
    stored = _stored(books, customer_id)
    response.headers["ETag"] = entity_tag(stored.version)
    return CustomerAnswer.model_validate(stored.value)


@router.get("/{customer_id}/balance")
def get_balance(customer_id: NamedId, books: Reading) -> BalanceAnswer:
    """What a customer has on its credit balance, and what is due on its open invoices."""
    customer = the_customer(books, customer_id)
    theirs = Invoices.of(books.documents, books.tenant_id).of_customer(customer.id)
    owed = [each for each in theirs if is_collectible(each)]
    return BalanceAnswer(
        customer_id=customer.id,
        currency=customer.currency,
        credit_balance=customer.credit_balance,
        amount_due=sum(each.amount_due for each in owed if each.currency == customer.currency),
        open_invoices=len(owed),
    )


def the_customer(books: Books, customer_id: str) -> Customer:
    """The customer of that id, or NotFound."""
    return _stored(books, customer_id).value


def _stored(books: Books, customer_id: str) -> Stored[Customer]:
    [stored] = Customers.of(books.documents, books.tenant_id).get([checked_id("customer_id", customer_id)])
    if stored is None:
        raise NotFound("customer", customer_id)
    return stored
