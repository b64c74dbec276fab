"""Refunds: money back to the card, whole or in part (docs.stripe.com/api/refunds)."""

from typing import Any, Literal

from billing.sandbox.account import Account
from billing.sandbox.amounts import shown
from billing.sandbox.balance import book
from billing.sandbox.disputes import dispute_of
from billing.sandbox.errors import ApiError
from billing.sandbox.events import emit
from billing.sandbox.lists import listed
from billing.sandbox.metadata import merged_metadata
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import Resource

_DESTINATION = {
    "reference_status": "pending",
    "reference_type": "acquirer_reference_number",
    "type": "refund",
}


def settle_refund(account: Account, refund: Resource, *, status: Literal["succeeded", "failed"]) -> Resource:
    """A slow refund arrives, or the bank sends it back; what fails is no longer refunded from the charge."""
    if refund["status"] not in ("pending", "succeeded") or refund["status"] == status:
        raise ApiError(f"Refund {refund['id']} is {refund['status']} and can't become {status}.", param="status")
    refund["status"] = status
    if status == "failed":
        refund["failure_reason"] = "declined"
        refund["failure_balance_transaction"] = book(account, refund, kind="refund_failure", amount=refund["amount"])
        charge = account.find("charge", refund["charge"], param="charge")
        charge |= {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False}
        account.save(charge)
    account.save(refund)
    emit(account, "refund.updated", refund)
    emit(account, "charge.refund.updated", refund)
    if status == "failed":
        emit(account, "refund.failed", refund)
    return refund


def _create(call: Call) -> Resource:
    account = call.account
    charge = _refundable(account, _charge(account, call.params))
    amount = _amount(call.params, charge)
    then = account.hidden(charge).get("refund")
    refund = account.new(
        "refund",
        prefix="re",
        fields={
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "destination_details": {"card": dict(_DESTINATION), "type": "card"},
            "metadata": merged_metadata({}, call),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "reason": call.params.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if then == "refund_pends" else "succeeded",
            "transfer_reversal": None,
        },
    )
    del refund["livemode"]  # one of the objects that have none
    refund["balance_transaction"] = book(account, refund, kind="refund", amount=-amount)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.save(charge)
    emit(account, "refund.created", refund)
    emit(account, "charge.refunded", charge)
    return refund


def _charge(account: Account, params: dict[str, Any]) -> Resource:
    if "charge" in params:
        charge = account.find("charge", params["charge"], param="id", status=404)
        if params.get("payment_intent") not in (None, charge["payment_intent"]):
            raise ApiError("The charge is not one of that payment_intent.", param="payment_intent")
        return charge
    if "payment_intent" not in params:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise ApiError(message)
    intent = account.find("payment_intent", params["payment_intent"], param="payment_intent", status=404)
    if intent["status"] != "succeeded":
        raise _without_charge(intent["id"])
    return account.find("charge", intent["latest_charge"], param="payment_intent")


def _refundable(account: Account, charge: Resource) -> Resource:
    if charge["status"] != "succeeded":
        raise _without_charge(charge["payment_intent"])
    dispute = dispute_of(account, charge) if charge["disputed"] else None
    if dispute and not dispute["is_charge_refundable"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(message, reason="charge_disputed")
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(message, reason="charge_already_refunded")
    return charge


def _without_charge(intent: str) -> ApiError:
    return ApiError(f"This PaymentIntent ({intent}) does not have a successful charge to refund.")


def _amount(params: dict[str, Any], charge: Resource) -> int:
    left: int = charge["amount"] - charge["amount_refunded"]
    amount: int = params.get("amount", left)
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise ApiError(message, reason="parameter_invalid_integer", param="amount")
    if amount > left:
        currency = charge["currency"]
        message = (
            f"Refund amount ({shown(amount, currency)}) is greater than unrefunded amount on charge "
            f"({shown(left, currency)})"
        )
        raise ApiError(message, param="amount")
    return amount


def _found(call: Call) -> Resource:
    return call.account.find("refund", call.ids[0], param="refund", status=404)


def _update(call: Call) -> Resource:
    refund = _found(call)
    refund["metadata"] = merged_metadata(refund["metadata"], call)
    emit(call.account, "refund.updated", refund)
    return call.account.save(refund)


def _list(call: Call) -> Resource:
    return listed(call, "refund", url="/v1/refunds", equal=["charge", "payment_intent"])


_AT = "/v1/refunds/{id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/refunds",
        takes="RefundCreateParams",
        honours="amount charge metadata payment_intent reason",
        run=_create,
    ),
    Operation(
        method="GET",
        path="/v1/refunds",
        takes="RefundListParams",
        honours="charge created ending_before limit payment_intent starting_after",
        run=_list,
    ),
    Operation(method="GET", path=_AT, takes="RefundRetrieveParams", honours="", run=_found),
    Operation(method="POST", path=_AT, takes="RefundUpdateParams", honours="metadata", run=_update),
)
