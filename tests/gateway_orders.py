"""What a gateway is asked for in its contracts: a charge, and a hosted page, of one invoice."""

from dataclasses import replace
from typing import Any

from billing.ports import ChargeOrder, CheckoutOrder, CheckoutPurpose, Gateway


def charge_order(**changes: Any) -> ChargeOrder:  # noqa: ANN401
    """A charge of 49.00 EUR."""
    made = ChargeOrder(
        key="acme/inv-1/charge/1",
        tenant_id="acme",
        invoice_id="inv-1",
        invoice_number="INV-2026-02-0001",
        attempt=1,
        customer="cus_1",
        method="pm_1",
        amount=4900,
        currency="EUR",
        description="Invoice INV-2026-02-0001",
    )
    return replace(made, **changes)


def order(gateway: Gateway, *, method: str = "pm_card_visa", **changes: Any) -> ChargeOrder:  # noqa: ANN401
    """That charge to a customer whose saved card is the named test card."""
    customer = gateway.save_customer(key="acme/c1", customer_id="c1", email="jo@kunde.example", name="Jo", known="")
    saved = gateway.save_method(customer, method=method, key="acme/c1/method")
    return charge_order(customer=customer, method=saved.id, **changes)


def checkout_order(**changes: Any) -> CheckoutOrder:  # noqa: ANN401
    """A page on which that invoice is paid."""
    made = CheckoutOrder(
        key="acme/inv-1/checkout/4900",
        purpose=CheckoutPurpose.PAY_INVOICE,
        tenant_id="acme",
        customer_id="c1",
        customer="",
        email="jo@kunde.example",
        success_url="http://127.0.0.1:1/thanks",
        cancel_url="http://127.0.0.1:1/pay",
        currency="EUR",
        invoice_id="inv-1",
        invoice_number="INV-2026-02-0001",
        amount=4900,
        locale="de_DE",
    )
    return replace(made, **changes)
