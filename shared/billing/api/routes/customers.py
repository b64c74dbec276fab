"""`/api/billing/customers`: whom invoices go to, and what they have and owe."""

from datetime import datetime
from typing import Annotated

from billing.api.routes.books import Books, reading
from billing.api.routes.models import AnswerModel, Currency, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.domain.invoice import CollectionMethod
from billing.domain.invoice_payment import is_open
from billing.store.codec import decode
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.store.pages import page_by_id

router = noun("customers")
Reading = Annotated[Books, reading("customers")]


class PartyAnswer(AnswerModel):
    """A name with its address and registrations; what is not known is empty."""

    name: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str
    email: str
    tax_id: str
    registration: str
    electronic_address: str


class CustomerAnswer(AnswerModel):
    """A customer. `credit_balance` is in minor units of `currency`."""

    id: str
    party: PartyAnswer
    currency: Currency
    locale: str
    time_zone: str
    collection_method: CollectionMethod
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


@router.get("")
def list_customers(books: Reading, paging: Paging) -> Paged[CustomerAnswer]:
    """List customers in the order of their ids."""
    collection = Customers.of(books.documents, books.tenant_id).collection
    found = page_by_id(collection, paging.wanted, read=lambda each: decode(each.fields, Customer))
    return paging.answer(found, CustomerAnswer, id_of=lambda each: each.id)


@router.get("/{customer_id}")
def get_customer(customer_id: NamedId, books: Reading) -> CustomerAnswer:
    """One customer."""
    return CustomerAnswer.model_validate(the_customer(books, customer_id))


@router.get("/{customer_id}/balance")
def get_balance(customer_id: NamedId, books: Reading) -> BalanceAnswer:
    """What a customer has on its credit balance, and what is due on its open invoices."""
    customer = the_customer(books, customer_id)
    owed = [each for each in Invoices.of(books.documents, books.tenant_id).of_customer(customer.id) if is_open(each)]
    return BalanceAnswer(
        customer_id=customer.id,
        currency=customer.currency,
        credit_balance=customer.credit_balance,
        amount_due=sum(each.amount_due for each in owed if each.currency == customer.currency),
        open_invoices=len(owed),
    )


def the_customer(books: Books, customer_id: str) -> Customer:
    """The customer of that id, or NotFound."""
    [stored] = Customers.of(books.documents, books.tenant_id).get([checked_id("customer_id", customer_id)])
    if stored is None:
        raise NotFound("customer", customer_id)
    return stored.value
