"""What leads where: an id in an answer is the parameter of the calls that come next, told as OpenAPI links.

Links start at what makes things or lists them (https://spec.openapis.org/oas/v3.1.0#link-object).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_REF = "#/components/schemas/"
_KEEPS_NOTHING = ("/check", "/preview")


@dataclass(frozen=True, slots=True)
class _Thing:
    """An object of answers: its `parameter` elsewhere, below `place`, and the `field` that says it."""

    parameter: str
    place: str = "/api/billing/"
    field: str = "id"


_THINGS: dict[str, tuple[_Thing, ...]] = {
    "ApiKeyAnswer": (_Thing("key_id"),),
    "BillingRecord": (_Thing("customer_id", "/api/customer-billing/", "customerId"),),
    "CaseAnswer": (_Thing("id_or_number", "/api/billing/dunning/"),),
    "CreatedApiKey": (_Thing("key_id"),),
    "CreditNoteAnswer": (_Thing("id_or_number", "/api/billing/credit-notes/"),),
    "CustomerAnswer": (_Thing("customer_id"), _Thing("customer_id", "/api/customer-billing/")),
    "EventAnswer": (_Thing("event_id", "/api/billing/events/"),),
    "InvoiceAnswer": (_Thing("id_or_number", "/api/billing/invoices/"), _Thing("invoice_id")),
    "InvoiceRow": (_Thing("id_or_number", "/api/billing/invoices/"), _Thing("invoice_id")),
    "MemberAnswer": (_Thing("member_id"),),
    "OutcomeAnswer": (_Thing("event_id", "/api/billing/usage/events/", "event_id"),),
    "PaymentAnswer": (_Thing("payment_id"),),
    "PlanDraftRow": (_Thing("plan_id", "/api/billing/plan-drafts/", "plan_id"),),
    "PlanAnswer": (_Thing("plan_version"),),
    "ReviewAnswer": (_Thing("review_id"),),
    "RunAnswer": (_Thing("run_id"),),
    "SubscriptionAnswer": (_Thing("subscription_id"),),
    "TransactionAnswer": (_Thing("transaction_id"),),
}


def add_links(document: dict[str, Any]) -> None:
    """Put the links into the document, to each answer of a path without parameters that holds a thing."""
    for path, operations in document["paths"].items():
        for operation in operations.values() if _starts(path) else ():
            for status, response in operation["responses"].items():
                if status.startswith("2") and (links := dict(_links(document, response))):
                    response["links"] = links


def _starts(path: str) -> bool:
    return "{" not in path and not path.endswith(_KEEPS_NOTHING)


def _links(document: dict[str, Any], response: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for pointer, thing in _things(document, response):
        for path, operations in document["paths"].items():
            for operation in operations.values() if path.startswith(thing.place) else ():
                for where in _takes(operation, thing.parameter):
                    expression = f"$response.body#{pointer}/{thing.field}"
                    name = operation["operationId"]
                    yield name, {"operationId": name, "parameters": {f"{where}.{thing.parameter}": expression}}


def _things(document: dict[str, Any], response: dict[str, Any]) -> Iterator[tuple[str, _Thing]]:
    """The things of an answer with their places in it: the answer itself, a part of it, the first of a list."""
    named = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = document["components"]["schemas"].get(named.removeprefix(_REF), {})
    places = {"": named}
    for name, part in schema.get("properties", {}).items():
        places[f"/{name}"] = part.get("$ref", "")
        places[f"/{name}/0"] = part.get("items", {}).get("$ref", "")
    for pointer, ref in places.items():
        for thing in _THINGS.get(ref.removeprefix(_REF).rpartition("__")[2], ()):  # a module before it, or not
            yield pointer, thing


def _takes(operation: dict[str, Any], parameter: str) -> Iterator[str]:
    for each in operation.get("parameters", []):
        if each.get("name") == parameter:
            yield each["in"]
