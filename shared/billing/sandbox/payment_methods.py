"""Payment methods: cards, by test name, token or public test number (docs.stripe.com/api/payment_methods)."""

from typing import Any

from billing.sandbox.account import Account
from billing.sandbox.cards import (
    Behaviour,
    Declines,
    accepted_number,
    behaviour_of,
    card_details,
    named_card,
)
from billing.sandbox.errors import ApiError, CardError, missing_parameter, no_such, unsupported
from billing.sandbox.events import emit
from billing.sandbox.lists import listed
from billing.sandbox.metadata import change, merged_metadata
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import Resource

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_PERSON = ("email", "name", "phone", "tax_id")
_CARD_FIELDS = frozenset({"number", "exp_month", "exp_year", "cvc", "token"})


def resolve(account: Account, reference: str, *, param: str) -> Resource:
    """The payment method of an id, or a new one of a test name such as `pm_card_visa`."""
    if reference.startswith("pm_card_"):
        number = named_card(reference)
        if number is None:
            raise no_such("PaymentMethod", reference, param=param)
        return new_card(account, number=number)
    return account.find("payment_method", reference, param=param)


def new_card(
    account: Account, *, number: str, card: dict[str, Any] | None = None, billing: dict[str, Any] | None = None
) -> Resource:
    """A payment method of a test card; without expiry it is good for eight more years."""
    given = card or {}
    details = card_details(number)
    checks = {"address_line1_check": None, "address_postal_code_check": None}
    return account.new(
        "payment_method",
        prefix="pm",
        fields={
            "allow_redisplay": "unspecified",
            "billing_details": _billing_details(billing or {}),
            "card": details
            | {
                "checks": checks | {"cvc_check": "pass" if given.get("cvc") else None},
                "display_brand": details["brand"],
                "exp_month": given.get("exp_month", 12),
                "exp_year": given.get("exp_year", account.state.clock.instant.year + 8),
                "generated_from": None,
                "networks": {"available": [details["brand"]], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "customer": None,
            "customer_account": None,
            "metadata": {},
            "type": "card",
        },
        hidden={"number": number},
    )


def typed_card(account: Account, card: dict[str, Any], *, billing: dict[str, Any] | None = None) -> Resource:
    """A payment method of a card as somebody typed it; CardError where its number, expiry or code can't be."""
    if strange := set(card) - _CARD_FIELDS:
        raise unsupported(f"`card[{min(strange)}]`", param=f"card[{min(strange)}]")
    if "token" in card:
        number = named_card(card["token"])
        if number is None or not card["token"].startswith("tok_"):
            raise no_such("token", card["token"], param="card[token]")
        return new_card(account, number=number, billing=billing)
    for name in ("number", "exp_month", "exp_year"):
        if name not in card:
            raise missing_parameter(f"card[{name}]")
    number = accepted_number(card["number"])
    _check_expiry(account, card)
    return new_card(account, number=number, card=card, billing=billing)


def behaviour(account: Account, method: Resource) -> Behaviour:
    """How its card answers now."""
    hidden = account.hidden(method)
    return behaviour_of(hidden["number"], instead=hidden.get("declines_with"))


def attach(account: Account, method: Resource, customer: str) -> Resource:
    """Make it the customer's, where the card allows it (docs.stripe.com/testing#declined-payments)."""
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise ApiError("The payment method you provided has already been attached to a customer.")
    refuse_spent(account, method)
    answer = behaviour(account, method)
    if isinstance(answer, Declines) and not answer.attaches:
        raise answer.error()
    method["customer"] = customer
    emit(account, "payment_method.attached", method)
    return account.save(method)


def refuse_spent(account: Account, method: Resource) -> None:
    """A card used without a customer, or taken off one, can't be used again."""
    if account.hidden(method).get("spent"):
        message = (
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again."
        )
        raise ApiError(message, param="payment_method")


def _billing_details(given: dict[str, Any]) -> Resource:
    address = given.get("address") or {}
    return {
        "address": {name: address.get(name) or None for name in _ADDRESS},
        **{name: given.get(name) or None for name in _PERSON},
    }


def _check_expiry(account: Account, card: dict[str, Any]) -> None:
    today = account.state.clock.instant
    if not 1 <= card["exp_month"] <= 12:
        raise _mistyped("Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month")
    year = card["exp_year"] + (2000 if card["exp_year"] < 100 else 0)
    if (year, card["exp_month"]) < (today.year, today.month) or year > today.year + 50:
        raise _mistyped("Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year")
    card["exp_year"] = year
    if "cvc" in card and not (card["cvc"].isdecimal() and len(card["cvc"]) in (3, 4)):
        raise _mistyped("Your card's security code is invalid.", "invalid_cvc", "cvc")


def _mistyped(message: str, reason: str, param: str) -> CardError:
    return CardError(message, reason=reason, decline=None, advice=None, param=param)


def _create(call: Call) -> Resource:
    if call.params.get("type", "card") != "card":
        raise unsupported("payment methods other than cards", param="type")
    if "card" not in call.params:
        raise missing_parameter("card")
    method = typed_card(call.account, call.params["card"], billing=call.params.get("billing_details") or {})
    method["metadata"] = merged_metadata({}, call)
    method["allow_redisplay"] = call.params.get("allow_redisplay", "unspecified")
    return method


def _found(call: Call) -> Resource:
    return call.account.find("payment_method", call.ids[0], param="payment_method", status=404)


def _update(call: Call) -> Resource:
    method = _found(call)
    if method["customer"] is None:
        raise ApiError("You must save this PaymentMethod to a customer before you can update it.")
    changes: Resource = {"metadata": merged_metadata(method["metadata"], call)}
    changes |= call.given("allow_redisplay")
    if "billing_details" in call.params:
        changes["billing_details"] = method["billing_details"] | _given_details(method, call.params["billing_details"])
    if "card" in call.params:
        changes["card"] = method["card"] | call.params["card"]
    previous = change(method, changes)
    if previous:
        emit(call.account, "payment_method.updated", method, previous=previous)
    return call.account.save(method)


def _given_details(method: Resource, given: dict[str, Any]) -> Resource:
    known = _billing_details(given)
    address = method["billing_details"]["address"] | (given.get("address") or {})
    return {name: known[name] for name in given} | {"address": address}


def _attach(call: Call) -> Resource:
    named = call.ids[0].startswith("pm_card_")
    method = resolve(call.account, call.ids[0], param="payment_method") if named else _found(call)
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = call.account.find("customer", call.params["customer"], param="customer")
    if customer.get("deleted"):
        raise no_such("customer", customer["id"], param="customer")
    return attach(call.account, method, customer["id"])


def _detach(call: Call) -> Resource:
    method = _found(call)
    customer = method["customer"]
    if customer is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise ApiError(message)
    method["customer"] = None
    call.account.hidden(method)["spent"] = True
    owner = call.account.find("customer", customer, param="customer")
    if owner["invoice_settings"]["default_payment_method"] == method["id"]:
        owner["invoice_settings"]["default_payment_method"] = None
        call.account.save(owner)
    emit(call.account, "payment_method.detached", method, previous={"customer": customer})
    return call.account.save(method)


def _list(call: Call) -> Resource:
    return listed(call, "payment_method", url="/v1/payment_methods", equal=["customer", "type"])


_AT = "/v1/payment_methods/{id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/payment_methods",
        takes="PaymentMethodCreateParams",
        honours="allow_redisplay billing_details card metadata type",
        run=_create,
    ),
    Operation(
        method="GET",
        path="/v1/payment_methods",
        takes="PaymentMethodListParams",
        honours="customer ending_before limit starting_after type",
        run=_list,
    ),
    Operation(method="GET", path=_AT, takes="PaymentMethodRetrieveParams", honours="", run=_found),
    Operation(
        method="POST",
        path=_AT,
        takes="PaymentMethodUpdateParams",
        honours="allow_redisplay billing_details card metadata",
        run=_update,
    ),
    Operation(
        method="POST",
        path=f"{_AT}/attach",
        takes="PaymentMethodAttachParams",
        honours="customer",
        run=_attach,
    ),
    Operation(method="POST", path=f"{_AT}/detach", takes="PaymentMethodDetachParams", honours="", run=_detach),
)
