"""Customers (docs.stripe.com/api/customers)."""

from billing.sandbox.account import Account
from billing.sandbox.errors import ApiError, no_such, unsupported
from billing.sandbox.events import emit
from billing.sandbox.lists import listed, page
from billing.sandbox.metadata import change, merged_metadata
from billing.sandbox.operation import Call, Operation
from billing.sandbox.payment_methods import attach, resolve
from billing.sandbox.state import Resource

_PLAIN = ("business_name", "description", "email", "individual_name", "name", "phone")
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def live_customer(account: Account, key: str, *, param: str = "customer", status: int = 400) -> Resource:
    """A customer that was not deleted."""
    customer = account.find("customer", key, param=param, status=status)
    if customer.get("deleted"):
        raise no_such("customer", key, param=param, status=status)
    return customer


def _create(call: Call) -> Resource:
    account, params = call.account, call.params
    method = resolve(account, params["payment_method"], param="payment_method") if "payment_method" in params else None
    customer = account.new(
        "customer",
        prefix="cus",
        fields={
            "address": None,
            "balance": 0,
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "discount": None,
            **dict.fromkeys(_PLAIN),
            "invoice_prefix": account.state.new_id("", length=8).removeprefix("_").upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "metadata": merged_metadata({}, call),
            "next_invoice_sequence": 1,
            "preferred_locales": params.get("preferred_locales", []),
            "shipping": None,
            "tax_exempt": params.get("tax_exempt") or "none",
            "test_clock": None,
        },
    )
    if method:
        attach(account, method, customer["id"])
    customer.update(_changes(call, customer))
    emit(account, "customer.created", customer)
    return customer


def _changes(call: Call, customer: Resource) -> Resource:
    params = call.params
    changes = call.given(*_PLAIN, "preferred_locales", "shipping")
    if "tax_exempt" in params:
        changes["tax_exempt"] = params["tax_exempt"] or "none"
    if "address" in params:
        changes["address"] = {name: params["address"].get(name) for name in _ADDRESS} if params["address"] else None
    if "invoice_settings" in params:
        changes["invoice_settings"] = customer["invoice_settings"] | _settings(call, customer)
    return changes | {"metadata": merged_metadata(customer["metadata"], call)}


def _settings(call: Call, customer: Resource) -> Resource:
    settings: Resource = call.params["invoice_settings"]
    if strange := set(settings) - {"default_payment_method", "footer"}:
        raise unsupported(f"`invoice_settings[{min(strange)}]`", param=f"invoice_settings[{min(strange)}]")
    key = settings.get("default_payment_method")
    if key:
        method = resolve(call.account, key, param="invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            message = (
                f"The customer does not have a payment method with the ID {key}. "
                "The payment method must be attached to the customer."
            )
            raise ApiError(message, reason="resource_missing", param="invoice_settings[default_payment_method]")
    return {name: value or None for name, value in settings.items()}


def _update(call: Call) -> Resource:
    customer = live_customer(call.account, call.ids[0], param="id", status=404)
    previous = change(customer, _changes(call, customer))
    if previous:
        emit(call.account, "customer.updated", customer, previous=previous)
    return call.account.save(customer)


def _retrieve(call: Call) -> Resource:
    customer = call.account.find("customer", call.ids[0], param="id", status=404)
    return {name: customer[name] for name in ("id", "object", "deleted")} if customer.get("deleted") else customer


def _delete(call: Call) -> Resource:
    customer = live_customer(call.account, call.ids[0], param="id", status=404)
    emit(call.account, "customer.deleted", customer)
    customer["deleted"] = True
    call.account.save(customer)
    return {"id": customer["id"], "object": "customer", "deleted": True}


def _list(call: Call) -> Resource:
    return listed(call, "customer", url="/v1/customers", equal=["email"])


def _methods(call: Call) -> Resource:
    customer = live_customer(call.account, call.ids[0], status=404)
    mine = [each for each in reversed(call.account.all("payment_method")) if each["customer"] == customer["id"]]
    chosen = mine if call.params.get("type", "card") == "card" else []
    return page(call.params, chosen, kind="payment_method", url=f"/v1/customers/{customer['id']}/payment_methods")


_WRITABLE = (
    "address business_name description email individual_name invoice_settings metadata name phone"
    " preferred_locales shipping tax_exempt"
)
_PAGED = "created ending_before limit starting_after"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/customers",
        takes="CustomerCreateParams",
        honours=f"{_WRITABLE} payment_method",
        run=_create,
    ),
    Operation(method="GET", path="/v1/customers", takes="CustomerListParams", honours=f"{_PAGED} email", run=_list),
    Operation(method="GET", path="/v1/customers/{id}", takes="CustomerRetrieveParams", honours="", run=_retrieve),
    Operation(method="POST", path="/v1/customers/{id}", takes="CustomerUpdateParams", honours=_WRITABLE, run=_update),
    Operation(method="DELETE", path="/v1/customers/{id}", takes="CustomerDeleteParams", honours="", run=_delete),
    Operation(
        method="GET",
        path="/v1/customers/{id}/payment_methods",
        takes="CustomerPaymentMethodListParams",
        honours="ending_before limit starting_after type",
        run=_methods,
    ),
)
