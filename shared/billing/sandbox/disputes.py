"""Disputes: a cardholder takes a charge back (docs.stripe.com/api/disputes); who controls the sandbox decides them."""

from typing import Literal

from billing.sandbox.account import Account
from billing.sandbox.balance import DISPUTE_FEE, book
from billing.sandbox.errors import ApiError
from billing.sandbox.events import emit
from billing.sandbox.lists import listed
from billing.sandbox.metadata import merged_metadata
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import Resource

CAUSES = {  # reason, network reason code (docs.stripe.com/disputes/categories)
    "fraudulent": ("fraudulent", "10.4"),
    "product_not_received": ("product_not_received", "13.1"),
    "inquiry": ("general", "10"),
}
_DAY = 86_400
_DAYS_TO_ANSWER = 8
_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
    " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
    " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text"
).split()


def open_dispute(account: Account, charge: Resource, *, cause: str, amount: int | None = None) -> Resource:
    """The cardholder disputes the charge, or an amount of it. Money leaves the balance, save for a mere inquiry."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise ApiError(f"Charge {charge['id']} can't be disputed: it failed or is disputed already.", param="charge")
    reason, code = CAUSES[cause]
    inquiry = cause == "inquiry"
    dispute = account.new(
        "dispute",
        prefix="du",
        fields={
            "amount": charge["amount"] if amount is None else amount,
            "balance_transactions": [],
            "charge": charge["id"],
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": (account.now // _DAY + _DAYS_TO_ANSWER + 1) * _DAY - 1,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": inquiry,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "payment_method_details": _card_case(charge, inquiry=inquiry, code=code),
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        },
    )
    charge["disputed"] = True
    account.save(charge)
    if not inquiry:
        _move(account, dispute, amount=-dispute["amount"], fee=DISPUTE_FEE)
    emit(account, "charge.dispute.created", dispute)
    if not inquiry:
        emit(account, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _card_case(charge: Resource, *, inquiry: bool, code: str) -> Resource:
    card = charge["payment_method_details"]["card"]
    return {
        "card": {
            "brand": card["brand"],
            "case_type": "inquiry" if inquiry else "chargeback",
            "network": card["network"],
            "network_reason_code": code,
        },
        "type": "card",
    }


def close_dispute(account: Account, dispute: Resource, *, outcome: Literal["won", "lost"]) -> Resource:
    """Decide it. A dispute that is won gives the money back; an inquiry ends without any having moved."""
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise ApiError("This dispute is already closed")
    if dispute["status"].startswith("warning"):
        dispute["status"] = "warning_closed"
    else:
        dispute |= {"status": outcome, "is_charge_refundable": outcome == "won"}
        if outcome == "won":
            _move(account, dispute, amount=dispute["amount"], fee=0)
            emit(account, "charge.dispute.funds_reinstated", dispute)
    emit(account, "charge.dispute.closed", dispute)
    return account.save(dispute)


def dispute_of(account: Account, charge: Resource) -> Resource | None:
    """The charge's dispute, if there is one."""
    return next((each for each in account.all("dispute") if each["charge"] == charge["id"]), None)


def _move(account: Account, dispute: Resource, *, amount: int, fee: int) -> None:
    key = book(account, dispute, kind="adjustment", amount=amount, fee=fee)
    dispute["balance_transactions"].append(dict(account.find("balance_transaction", key, param="id")))


def _found(call: Call) -> Resource:
    return call.account.find("dispute", call.ids[0], param="dispute", status=404)


def _update(call: Call) -> Resource:
    dispute = _found(call)
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise ApiError("This dispute is already closed")
    dispute["metadata"] = merged_metadata(dispute["metadata"], call)
    if evidence := call.params.get("evidence"):
        dispute["evidence"] |= evidence
        dispute["evidence_details"]["has_evidence"] = True
    if call.params.get("submit", "evidence" in call.params):
        dispute["evidence_details"]["submission_count"] += 1
        warning = dispute["status"].startswith("warning")
        dispute["status"] = "warning_under_review" if warning else "under_review"
    emit(call.account, "charge.dispute.updated", dispute)
    return call.account.save(dispute)


def _close(call: Call) -> Resource:
    return close_dispute(call.account, _found(call), outcome="lost")  # who closes it by the API accepts the loss


def _list(call: Call) -> Resource:
    return listed(call, "dispute", url="/v1/disputes", equal=["charge", "payment_intent"])


_AT = "/v1/disputes/{id}"

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/disputes",
        takes="DisputeListParams",
        honours="charge created ending_before limit payment_intent starting_after",
        run=_list,
    ),
    Operation(method="GET", path=_AT, takes="DisputeRetrieveParams", honours="", run=_found),
    Operation(method="POST", path=_AT, takes="DisputeUpdateParams", honours="evidence metadata submit", run=_update),
    Operation(method="POST", path=f"{_AT}/close", takes="DisputeCloseParams", honours="", run=_close),
)
