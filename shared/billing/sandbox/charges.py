"""Charges: each attempt to take the money of a payment intent (docs.stripe.com/api/charges)."""

from billing.sandbox.account import Account
from billing.sandbox.balance import book, charge_fee
from billing.sandbox.cards import Declines
from billing.sandbox.events import emit
from billing.sandbox.lists import listed
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import Resource


def succeeded_charge(account: Account, intent: Resource, method: Resource, *, authenticated: bool) -> Resource:
    """The money was taken."""
    charge = _new(account, intent, method)
    charge |= {
        "amount_captured": intent["amount"],
        "captured": True,
        "outcome": _outcome("authorized", "approved_by_network", "Payment complete."),
        "paid": True,
        "receipt_url": f"{account.base_url}/_sandbox/receipts/{charge['id']}",
        "status": "succeeded",
    }
    charge["balance_transaction"] = book(
        account, charge, kind="charge", amount=charge["amount"], fee=charge_fee(charge["amount"])
    )
    details = charge["payment_method_details"]["card"]
    details |= {"amount_authorized": intent["amount"], "authorization_code": charge["id"][-6:].upper()}
    if authenticated:
        details["three_d_secure"] = {
            "authentication_flow": "challenge",
            "electronic_commerce_indicator": "05",
            "exemption_indicator": None,
            "result": "authenticated",
            "result_reason": None,
            "transaction_id": charge["id"],
            "version": "2.2.0",
        }
    emit(account, "charge.succeeded", charge)
    return charge


def failed_charge(account: Account, intent: Resource, method: Resource, *, answer: Declines) -> Resource:
    """The issuer said no."""
    charge = _new(account, intent, method)
    reason = answer.decline or answer.reason
    charge |= {
        "failure_code": answer.reason,
        "failure_message": answer.message,
        "outcome": _outcome("issuer_declined", "declined_by_network", "The bank returned a decline code.")
        | {"advice_code": answer.advice, "reason": reason},
    }
    emit(account, "charge.failed", charge)
    return charge


def _outcome(type_: str, network: str, message: str) -> Resource:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": message,
        "type": type_,
    }


def _new(account: Account, intent: Resource, method: Resource) -> Resource:
    same = ("amount", "currency", "customer", "description", "receipt_email", "shipping", "statement_descriptor_suffix")
    return account.new(
        "charge",
        prefix="ch",
        fields={name: intent[name] for name in same}
        | {
            "amount_captured": 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": None,
            "captured": False,
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "on_behalf_of": None,
            "outcome": None,
            "paid": False,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": _method_details(method, intent["amount"]),
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "status": "failed",
            "transfer_data": None,
            "transfer_group": None,
        },
    )


def _method_details(method: Resource, amount: int) -> Resource:
    card = method["card"]
    same = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    return {
        "card": {name: card[name] for name in same}
        | {
            "amount_authorized": None,
            "authorization_code": None,
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": card["brand"],
            "network_token": {"used": False},
            "network_transaction_id": None,
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": card["regulated_status"],
            "three_d_secure": None,
            "transaction_link_id": None,
        },
        "type": "card",
    }


def _list(call: Call) -> Resource:
    return listed(call, "charge", url="/v1/charges", equal=["customer", "payment_intent"])


def _retrieve(call: Call) -> Resource:
    return call.account.find("charge", call.ids[0], param="charge", status=404)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/charges",
        takes="ChargeListParams",
        honours="created customer ending_before limit payment_intent starting_after",
        run=_list,
    ),
    Operation(method="GET", path="/v1/charges/{id}", takes="ChargeRetrieveParams", honours="", run=_retrieve),
)
