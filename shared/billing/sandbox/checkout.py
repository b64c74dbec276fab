"""Checkout sessions: a page on which a customer pays or leaves a card (docs.stripe.com/api/checkout/sessions)."""

from typing import Any
from urllib.parse import urlsplit

from billing.sandbox.account import Account
from billing.sandbox.checkout_lines import checked_lines, items_of
from billing.sandbox.errors import ApiError, missing_parameter, unsupported
from billing.sandbox.events import emit
from billing.sandbox.intents import OPEN, named_customer
from billing.sandbox.lists import page
from billing.sandbox.metadata import merged_metadata
from billing.sandbox.operation import Call, Operation
from billing.sandbox.payment_intents import cancel_intent
from billing.sandbox.setup_intents import cancel_setup, new_setup
from billing.sandbox.state import Resource

_SHORTEST, _LONGEST = 1_800, 86_400  # seconds a session may be open, `expires_at`
_INTENT_DATA = frozenset(
    {"description", "metadata", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor_suffix"}
)


def current(account: Account, session: Resource) -> Resource:
    """The session, expired if its time has come."""
    if session["status"] == "open" and account.now >= session["expires_at"]:
        expire_session(account, session)
    return session


def expire_session(account: Account, session: Resource) -> None:
    """Nobody can pay on it any more, nor on a payment that waits for 3D Secure."""
    intent = account.state.get(session["payment_intent"] or session["setup_intent"] or "")
    if intent and intent.resource["status"] in OPEN:
        cancel = cancel_setup if session["mode"] == "setup" else cancel_intent
        cancel(account, intent.resource, reason=None)
    session |= {"status": "expired", "url": None}
    account.save(session)
    emit(account, "checkout.session.expired", session)


def complete_session(account: Account, session: Resource, *, email: str | None) -> None:
    """The customer has paid, or has left a card."""
    session |= {"status": "complete", "url": None}
    session["payment_status"] = "paid" if session["mode"] == "payment" else "no_payment_required"
    session["customer_details"] = {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    account.save(session)
    emit(account, "checkout.session.completed", session)


def _create(call: Call) -> Resource:
    account, params = call.account, call.params
    mode = params.get("mode", "payment")
    if mode == "subscription":
        raise unsupported("Checkout of subscriptions", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise unsupported("other pages than the hosted one", param="ui_mode")
    _check_addresses(params)
    customer = named_customer(call)
    if customer and "customer_email" in params:
        message = "You may only specify one of these parameters: customer, customer_email."
        raise ApiError(message, param="customer_email")
    lines = checked_lines(params) if mode == "payment" else _no_lines(params)
    fields = _fields(call, customer=customer, mode=mode) | _totals(lines)
    if mode == "setup":
        fields |= {"currency": params.get("currency"), "setup_intent": _setup(call, customer)}
    intent_data = _intent_data(params, mode=mode)
    session = account.new(
        "checkout.session", prefix="cs_test", fields=fields, hidden={"lines": lines, "intent": intent_data}
    )
    session["url"] = f"{account.base_url}/c/pay/{session['id']}"
    return session


def _fields(call: Call, *, customer: str | None, mode: str) -> Resource:
    params = call.params
    same = ("cancel_url", "client_reference_id", "customer_email", "locale", "submit_type", "success_url")
    empty = (
        "adaptive_pricing after_expiration allow_promotion_codes amount_subtotal amount_total"
        " billing_address_collection client_secret collected_information consent consent_collection currency"
        " currency_conversion customer_account customer_creation customer_details integration_identifier invoice"
        " origin_context payment_intent payment_link payment_method_collection payment_method_configuration_details"
        " permissions recovered_from saved_payment_method_options setup_intent shipping_address_collection"
        " shipping_cost subscription total_details url wallet_options"
    ).split()
    return {
        **dict.fromkeys(empty),
        **{name: params.get(name) for name in same},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"),
        ),
        "customer": customer,
        "discounts": [],
        "expires_at": _expires_at(call),
        "metadata": merged_metadata({}, call),
        "mode": mode,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid" if mode == "payment" else "no_payment_required",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "ui_mode": "hosted_page",
    }


def _totals(lines: list[Resource]) -> Resource:
    if not lines:
        return {}
    total = sum(line["amount_total"] for line in lines)
    nothing = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
    return {
        "amount_subtotal": total,
        "amount_total": total,
        "currency": lines[0]["currency"],
        "total_details": nothing,
    }


def _no_lines(params: dict[str, Any]) -> list[Resource]:
    for name in ("line_items", "payment_intent_data"):
        if name in params:
            raise ApiError(f"You can not pass `{name}` in `setup` mode.", param=name)
    if "currency" not in params and "allowed_payment_method_types" not in params:
        raise missing_parameter("currency")
    return []


def _setup(call: Call, customer: str | None) -> str:
    data = call.params.get("setup_intent_data", {})
    fields = {"customer": customer, "description": data.get("description"), "metadata": data.get("metadata") or {}}
    key: str = new_setup(call.account, fields)["id"]
    return key


def _intent_data(params: dict[str, Any], *, mode: str) -> Resource:
    data: Resource = params.get("payment_intent_data", {})
    if strange := set(data) - _INTENT_DATA:
        raise unsupported(f"`payment_intent_data[{min(strange)}]`", param=f"payment_intent_data[{min(strange)}]")
    if mode == "payment" and "setup_intent_data" in params:
        raise ApiError("You can not pass `setup_intent_data` in `payment` mode.", param="setup_intent_data")
    return data


def _expires_at(call: Call) -> int:
    now = call.account.now
    at: int = call.params.get("expires_at", now + _LONGEST)
    if not now + _SHORTEST <= at <= now + _LONGEST:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise ApiError(message, param="expires_at")
    return at


def _check_addresses(params: dict[str, Any]) -> None:
    if "success_url" not in params:
        raise missing_parameter("success_url")
    for name in ("success_url", "cancel_url"):
        if name in params and not _is_address(params[name]):
            raise ApiError("Not a valid URL", reason="url_invalid", param=name)


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _found(call: Call) -> Resource:
    session = call.account.find("checkout.session", call.ids[0], param="session", status=404)
    return current(call.account, session)


def _expire(call: Call) -> Resource:
    session = _found(call)
    if session["status"] != "open":
        message = f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
        raise ApiError(message)
    expire_session(call.account, session)
    return session


def _list(call: Call) -> Resource:
    params = call.params
    equal = {name: params[name] for name in ("customer", "payment_intent", "status") if name in params}
    every = [current(call.account, each) for each in reversed(call.account.all("checkout.session"))]
    chosen = [each for each in every if all(each[name] == value for name, value in equal.items())]
    return page(params, chosen, kind="checkout.session", url="/v1/checkout/sessions")


def _lines(call: Call) -> Resource:
    session = _found(call)
    return page(call.params, items_of(call.account, session), kind="item", url=f"/v1/checkout/sessions/{session['id']}")


_AT = "/v1/checkout/sessions/{id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/checkout/sessions",
        takes="checkout.SessionCreateParams",
        honours="allowed_payment_method_types cancel_url client_reference_id currency customer customer_email"
        " expires_at line_items locale metadata mode payment_intent_data setup_intent_data submit_type success_url"
        " ui_mode",
        run=_create,
    ),
    Operation(
        method="GET",
        path="/v1/checkout/sessions",
        takes="checkout.SessionListParams",
        honours="created customer ending_before limit payment_intent starting_after status",
        run=_list,
    ),
    Operation(method="GET", path=_AT, takes="checkout.SessionRetrieveParams", honours="", run=_found),
    Operation(method="POST", path=f"{_AT}/expire", takes="checkout.SessionExpireParams", honours="", run=_expire),
    Operation(
        method="GET",
        path=f"{_AT}/line_items",
        takes="checkout.SessionLineItemListParams",
        honours="ending_before limit starting_after",
        run=_lines,
    ),
)
