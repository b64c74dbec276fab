"""Balance transactions: what each charge, refund and dispute did to the account's balance."""

from billing.sandbox.account import Account
from billing.sandbox.lists import listed
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import Resource

_DAYS_TO_PAYOUT = 2
DISPUTE_FEE = 1500


def charge_fee(amount: int) -> int:
    """What the sandbox takes for a charge: 2.9 % and 30 minor units, half up, whatever the currency."""
    return (amount * 29 + 500) // 1000 + 30


def book(account: Account, source: Resource, *, kind: str, amount: int, fee: int = 0) -> str:
    """A balance transaction of a charge, refund or dispute (`amount` signed, minor units); its id."""
    details = [
        {"amount": fee, "application": None, "currency": source["currency"], "description": None, "type": "stripe_fee"}
    ]
    entry = account.new(
        "balance_transaction",
        prefix="txn",
        fields={
            "amount": amount,
            "available_on": account.now + _DAYS_TO_PAYOUT * 86_400,
            "balance_type": "payments",
            "currency": source["currency"],
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": details if fee else [],
            "net": amount - fee,
            "reporting_category": "dispute" if source["object"] == "dispute" else kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        },
    )
    del entry["livemode"]  # one of the objects that have none
    key: str = entry["id"]
    return key


def _list(call: Call) -> Resource:
    equal = ("currency", "source", "type")
    return listed(call, "balance_transaction", url="/v1/balance_transactions", equal=equal)


def _retrieve(call: Call) -> Resource:
    return call.account.find("balance_transaction", call.ids[0], param="id", status=404)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/balance_transactions",
        takes="BalanceTransactionListParams",
        honours="created currency ending_before limit source starting_after type",
        run=_list,
    ),
    Operation(
        method="GET",
        path="/v1/balance_transactions/{id}",
        takes="BalanceTransactionRetrieveParams",
        honours="",
        run=_retrieve,
    ),
)
