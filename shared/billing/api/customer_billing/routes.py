"""The routes of billing records (docs/guides/customer-billing.md)."""

import json
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Request, Response

from billing.api.customer_billing.answers import RECORD, RECORD_OR_NULL, RECORDS
from billing.api.customer_billing.bodies import GivenInvoice, GivenRecord, GivenRecordPayment, GivenUpdate
from billing.api.customer_billing.changes import customer_of, hand_bill, new_payment
from billing.api.customer_billing.kept import require_kept
from billing.api.customer_billing.record import billing_record
from billing.api.job import Members
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.models import LONGEST_ID, NO_CONTROL, NamedId
from billing.api.routes.noun import noun
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.period import local_date
from billing.store.ids import checked_id
from billing.usecases.bill_by_hand import bill_by_hand
from billing.usecases.billing_accounts import BillingAccount, billing_account, billing_accounts
from billing.usecases.record_payment import record_payment
from billing.usecases.save_billing_record import save_billing_record

PREFIX = "/api/customer-billing"
MOST = 1_000

ReadingRecords = Annotated[Books, reading("customers")]
ChangingRecords = Annotated[Books, changing("customers")]
Invoicing = Annotated[Books, changing("invoices")]
Receiving = Annotated[Books, changing("payments")]
AnyId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=NO_CONTROL)]
SomeId = Annotated[str | None, Query(max_length=LONGEST_ID)]
ListLimit = Annotated[int, Query(ge=1, le=MOST, description="How many customers are looked at")]


router = noun("customer-billing", at=PREFIX, strict=False)


@router.get("", responses=RECORDS)
def list_records(
    books: ReadingRecords,
    customerId: SomeId = None,  # noqa: N803 - the clients' own name
    limit: ListLimit = MOST,
    after: SomeId = None,
) -> Response:
    """The billing records by customer id, of all customers or of one.

    At most 1,000 customers are looked at; where more follow, the `Link` header says where the list goes on.
    """
    if customerId is not None:
        account = _account(books, customerId)
        return _json([] if account is None else [_record(books, account)])
    start = None if after is None else checked_id("after", after)
    found = billing_accounts(books.documents, tenant_id=books.tenant_id, limit=limit + 1, after_id=start)
    page = found[:limit]
    headers = {}
    if len(found) > limit:
        headers["Link"] = f'<{PREFIX}?limit={limit}&after={page[-1].customer.id}>; rel="next"'
    return _json([_record(books, each) for each in page if each.has_record], headers=headers)


@router.get("/{customer_id}", responses=RECORD_OR_NULL)
def get_record(customer_id: AnyId, books: ReadingRecords) -> Response:
    """The record of a customer, or null where there is none."""
    account = _account(books, customer_id)
    return _json(None if account is None else _record(books, account))


@router.post("", status_code=201, responses=RECORD | {200: RECORD[201]})
def save_record(given: GivenRecord, books: ChangingRecords) -> Response:
    """Create a customer's record (201), or merge what is given into the one that stands (200)."""
    change = given.change(zone=books.tenant.zone)
    is_new = save_billing_record(books.documents, given.customer_id, change, call=books.call)
    return _answer(books, given.customer_id, status=201 if is_new else 200)


@router.put("/{customer_id}", responses={200: RECORD[201]})
def update_record(customer_id: NamedId, given: GivenUpdate, books: ChangingRecords) -> Response:
    """Change parts of a record. Issued invoices and recorded payments can't be overwritten (409)."""
    account = _account(books, customer_id)
    if account is None:
        raise NotFound("billing record", customer_id)  # noqa: TRY003 - a kind, not a message
    require_kept(given.model_dump(by_alias=True), _plain(_record(books, account)))
    change = given.change(zone=books.tenant.zone)
    save_billing_record(books.documents, customer_id, change, call=books.call)
    return _answer(books, customer_id, status=200)


@router.post("/{customer_id}/invoices", status_code=201, responses=RECORD)
def make_invoice(customer_id: NamedId, given: GivenInvoice, books: Invoicing, request: Request) -> Response:
    """Issue an invoice, due on the day that is named, with its tax in the amount.

    It has the next number of the tenant's series; the record shows it under the `invoiceNumber` that was given. The
    same number again is the same invoice, and another amount for it 409. One that is `paid` has a payment of its own
    and uses no credit; `cancelled` is void.
    """
    bill = hand_bill(given, customer_of(books, customer_id), zone=books.tenant.zone)
    options = books.engine.run_options(books.tenant_id)
    made = bill_by_hand(books.documents, bill, call=books.call, options=options)
    if made.known:
        request.state.noted["unclosed"] = len(books.other_ways.close_all([made.invoice.value], paid_by=""))
    else:
        options.settle([made.invoice], {})
    return _answer(books, customer_id, status=201)


@router.post("/{customer_id}/payments", status_code=201, responses=RECORD)
def take_payment(customer_id: NamedId, given: GivenRecordPayment, books: Receiving, request: Request) -> Response:
    """Record money that came in. The same `transactionId`, or Idempotency-Key, is the same payment."""
    payment = new_payment(given, customer_of(books, customer_id), books)
    recorded = record_payment(books.documents, payment, call=books.call)
    unclosed = books.other_ways.close_all(recorded.invoices, paid_by=recorded.payment.id)
    request.state.noted["unclosed"] = len(unclosed)
    return _answer(books, customer_id, status=201)


def _account(books: Books, customer_id: str) -> BillingAccount | None:
    """The account with a record, or None; of an id that nobody can have as well."""
    try:
        account = billing_account(books.documents, checked_id("customerId", customer_id), tenant_id=books.tenant_id)
    except (NotFound, InvalidInput):
        return None
    return account if account.has_record else None


def _record(books: Books, account: BillingAccount) -> Members:
    return billing_record(account, tenant_id=books.tenant_id, today=_today(books))


def _today(books: Books) -> date:
    return local_date(books.call.recorded_at, zone=books.tenant.zone)


def _answer(books: Books, customer_id: str, *, status: int) -> Response:
    account = billing_account(books.documents, customer_id, tenant_id=books.tenant_id)
    return _json(_record(books, account), status=status)


def _json(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:  # noqa: ANN401
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


def _plain(record: Members) -> Any:  # noqa: ANN401
    """The record as its reader has it."""
    return json.loads(orjson.dumps(record), parse_float=Decimal)
