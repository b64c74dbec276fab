"""customers.csv: whom invoices are addressed to."""

from pathlib import Path
from typing import Literal

from billing.adapters.book_files.cell_types import (
    Country,
    Currency,
    Day,
    DeliveryAddress,
    Email,
    Flag,
    Key,
    LocaleName,
    Name,
    Text,
    VatId,
    Zone,
    require_state,
)
from billing.adapters.book_files.csv_rows import Row, RowModel, Rows, read_rows
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.tenant_model import BookedTenant
from billing.domain.customer import Customer
from billing.domain.customer_taxation import taxed_where_it_is
from billing.domain.errors import InvalidInput
from billing.domain.invoice import CollectionMethod, Party
from billing.domain.tax import TaxParty

_COLUMNS = {"tax.exempt": "tax_exempt", "party.tax_id": "vat_id"}
"""Where the book says what the domain names so."""


class CustomerRow(RowModel):
    """One account."""

    customer_id: Key
    name: Name
    email: Email = ""
    street: Text = ""
    city: Text = ""
    postal_code: Text = ""
    country: Country
    state: Text = ""
    currency: Currency
    locale: LocaleName = ""
    collection_method: CollectionMethod = CollectionMethod.SEND_INVOICE
    test_card: Literal["", "ok", "expired_card", "insufficient_funds", "generic_decline"] = ""
    created_on: Day | None = None
    vat_id: VatId = ""
    vat_id_checked: Flag = False
    tax_exempt: Flag = False
    exemption_reason: Text = ""
    registration: Text = ""
    electronic_address: DeliveryAddress = ""
    buyer_reference: Text = ""
    segment: Key | None = None
    dunning_policy: Key | None = None
    time_zone: Zone | None = None


def read_customers(
    path: Path, *, tenant: BookedTenant | None, log: ErrorLog
) -> tuple[Rows[CustomerRow], dict[str, Customer]]:
    """The rows of the file, and its customers by id; what is wrong is logged.

    A dunning policy must be one of the tenant's, unless that could not be read.
    """
    rows = read_rows(path, CustomerRow, key="customer_id", log=log)
    customers: dict[str, Customer] = {}
    lines: dict[str, int] = {}
    for row in rows.valid:
        key = row.value.customer_id
        if key in lines:
            log.add(rows.file, f"{key!r} stands in line {lines[key]} already", line=row.line, column="customer_id")
            continue
        lines[key] = row.line
        _check_policy(row, tenant, file=rows.file, log=log)
        customer = _customer(row, file=rows.file, log=log)
        if customer is not None:
            customers[key] = customer
    return rows, customers


def _customer(row: Row[CustomerRow], *, file: str, log: ErrorLog) -> Customer | None:
    given = row.value
    try:
        require_state(given.country, given.state)
        customer = Customer(
            id=given.customer_id,
            party=_party(given),
            tax=_tax_party(given),
            currency=given.currency,
            locale=given.locale,
            collection_method=given.collection_method,
            test_card=given.test_card,
            created_on="" if given.created_on is None else given.created_on.isoformat(),
            buyer_reference=given.buyer_reference,
            segment=given.segment or "",
            dunning_policy=given.dunning_policy or "",
            time_zone=given.time_zone or "",
        )
        return taxed_where_it_is(customer)
    except InvalidInput as error:
        column = _COLUMNS.get(error.field, error.field.removeprefix("customer."))
        log.add_rule(file, error, line=row.line, column=column)
        return None


def _check_policy(row: Row[CustomerRow], tenant: BookedTenant | None, *, file: str, log: ErrorLog) -> None:
    name = row.value.dunning_policy
    if tenant is None or name is None:
        return
    try:
        tenant.value.dunning.named(name)
    except InvalidInput as error:
        log.add_rule(file, error, line=row.line, column="dunning_policy")


def _party(given: CustomerRow) -> Party:
    return Party(
        name=given.name,
        street=given.street,
        city=given.city,
        state=given.state,
        postal_code=given.postal_code,
        country=given.country,
        email=given.email,
        tax_id=given.vat_id,
        registration=given.registration,
        electronic_address=given.electronic_address,
    )


def _tax_party(given: CustomerRow) -> TaxParty:
    """A VAT id of the right form counts as valid only where the book says that the register was asked (semantics 6)."""
    return TaxParty(
        country=given.country,
        vat_id_valid=given.vat_id_checked,
        exempt=given.tax_exempt,
        exemption_reason=given.exemption_reason,
    )
