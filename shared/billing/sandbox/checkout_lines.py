"""What a Checkout session in payment mode sells: priced lines of one currency."""

from typing import Any

from billing.sandbox.account import Account
from billing.sandbox.amounts import checked_amount, checked_currency
from billing.sandbox.errors import ApiError, missing_parameter, unsupported
from billing.sandbox.state import Resource

_LINE = frozenset({"price_data", "quantity"})
_PRICE = frozenset({"currency", "product_data", "unit_amount"})
_PRODUCT = frozenset({"description", "name", "images", "metadata"})


def checked_lines(params: dict[str, Any]) -> list[Resource]:
    """The lines of a request, with their amounts in minor units; their sum has to be one that a card can pay."""
    given = params.get("line_items")
    if not given:
        raise missing_parameter("line_items")
    lines = [_line(each, path=f"line_items[{place}]") for place, each in enumerate(given)]
    currencies = {line["currency"] for line in lines}
    if len(currencies) > 1:
        raise ApiError("All line items must have the same currency.", param="line_items")
    checked_amount({"amount": sum(line["amount_total"] for line in lines), "currency": currencies.pop()})
    return lines


def items_of(account: Account, session: Resource) -> list[Resource]:
    """A session's lines as Stripe lists them."""
    return [
        {
            "id": f"li_{session['id'][8:28]}{place}",
            "object": "item",
            "adjustable_quantity": None,
            "amount_discount": 0,
            "amount_tax": 0,
            "discounts": [],
            "metadata": {},
            "price": None,
            "taxes": [],
            **line,
        }
        for place, line in enumerate(account.hidden(session)["lines"])
    ]


def _line(given: dict[str, Any], *, path: str) -> Resource:
    _refuse_others(given, _LINE, path=path)
    if "price_data" not in given:
        raise missing_parameter(f"{path}[price_data]")
    price = given["price_data"]
    _refuse_others(price, _PRICE, path=f"{path}[price_data]")
    for name in ("product_data", "unit_amount"):
        if name not in price:
            raise missing_parameter(f"{path}[price_data][{name}]")
    _refuse_others(price["product_data"], _PRODUCT, path=f"{path}[price_data][product_data]")
    if price["unit_amount"] < 0:
        message = "This value must be greater than or equal to 0."
        raise ApiError(message, reason="parameter_invalid_integer", param=f"{path}[price_data][unit_amount]")
    quantity: int = given.get("quantity", 0)
    if quantity < 1:
        raise ApiError("Quantity is required. Add `quantity` to the line.", param=f"{path}[quantity]")
    total = price["unit_amount"] * quantity
    return {
        "amount_subtotal": total,
        "amount_total": total,
        "currency": checked_currency(price),
        "description": price["product_data"]["name"],
        "quantity": quantity,
    }


def _refuse_others(given: dict[str, Any], known: frozenset[str], *, path: str) -> None:
    if strange := set(given) - known:
        raise unsupported(f"`{path}[{min(strange)}]`", param=f"{path}[{min(strange)}]")
