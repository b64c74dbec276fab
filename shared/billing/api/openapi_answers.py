"""What an operation can answer, for the API's document: its headers, and the refusals that it can really give."""

from collections.abc import Iterator
from typing import Any, Final

from billing.api.openapi_codes import CODES
from billing.api.problem import phrase_of

_PROBLEM = "application/problem+json"
_ALWAYS = (400, 401, 403, 422, 429, 500, 503)
_NAMES_SOMETHING: Final = frozenset(
    [
        "subscriptions_create",
        "subscriptions_preview_new",
        "invoices_create",
        "invoices_preview_next",
        "invoices_preview_one_off",
        "payments_record",
        "credit_notes_issue",
        "dunning_preview_policy",
        "customer_billing_save_record",
    ]
)
"""Operations without an id in their address that name something all the same: 404 where it does not exist."""

_FINDS_ANY: Final = frozenset(
    [
        "plan_drafts_put_draft",
        "mail_templates_get_template",
        "mail_templates_put_template",
        "mail_templates_reset_template",
        "customer_billing_get_record",
    ]
)
"""Operations that answer about whatever can stand in their address."""

_FLAW = {
    "type": "object",
    "required": ["field", "detail"],
    "properties": {
        "field": {"type": "string", "description": "Its path, such as `lines[0].unit_price`"},
        "detail": {"type": "string", "description": "What was expected and what was given"},
    },
}
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457): `detail` is for a person, `code` never changes.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string", "description": "The same sentence as `detail`"},
        "code": {
            "type": "string",
            "description": "What the refusals of each status list; there may be more one day",
            "examples": ["invalid_input", "not_found"],
        },
        "errors": {"type": "array", "items": _FLAW, "description": "Each field that breaks a rule"},
        "request_id": {"type": "string", "description": "What our log knows the request by"},
    },
}

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "ETag": {"description": "The version; send it in `If-Match` to change nothing but this one.", "required": True},
    "Location": {"description": "The path of what was made.", "required": True},
    "Link": {"description": 'Where the list goes on (`rel="next"`), if it does.'},
    "Idempotency-Replayed": {"description": "`true` where it is the kept answer to an earlier `Idempotency-Key`."},
    "Retry-After": {"description": "After how many seconds to try again.", "required": True},
    "WWW-Authenticate": {"description": "The scheme that is asked for.", "required": True},
    "Accept": {"description": "The media type that is read here, unless it was the coding."},
    "Accept-Encoding": {"description": "The coding that is read here, if it was the coding."},
    "X-Request-ID": {"description": "What our log knows the request by: your own, if it is a plain one."},
}
_OF_REFUSALS = {
    401: ("WWW-Authenticate",),
    415: ("Accept", "Accept-Encoding"),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_MADE: Final = frozenset(
    [
        "customers_create",
        "subscriptions_create",
        "invoices_create",
        "invoices_reissue",
        "payments_record",
        "credit_notes_issue",
        "plan_drafts_publish_draft",
        "members_create_member",
        "api_keys_make_api_key",
        "plans_publish_plan",
    ]
)
"""Operations whose answer says where what they made is found."""

_VERSIONED: Final = frozenset(
    [
        "settings_get_settings",
        "settings_change_settings",
        "members_create_member",
        "members_get_member",
        "members_change_member",
        "api_keys_make_api_key",
        "api_keys_get_api_key",
        "api_keys_revoke",
        "customers_get_customer",
        "customers_change",
        "customers_assign",
        "customers_restore",
        "plan_drafts_get_draft",
        "plan_drafts_put_draft",
        "subscriptions_create",
        "subscriptions_get_subscription",
        "subscriptions_add_charge",
        "subscriptions_add_coupon",
        "subscriptions_take_coupon_off",
        "subscriptions_change_items",
        "subscriptions_change_plan",
        "subscriptions_cancel",
        "subscriptions_undo_cancel",
        "subscriptions_pause",
        "subscriptions_resume",
        "invoices_get_invoice",
        "dunning_get_policies",
        "dunning_put_policies",
        "mail_templates_get_template",
        "mail_templates_put_template",
        "mail_templates_reset_template",
    ]
)
"""Operations that answer with the version that stands now."""


def is_versioned(operation_id: str) -> bool:
    """Whether an operation's success has an ETag."""
    return operation_id in _VERSIONED


def headers_of(operation_id: str, *, is_write: bool) -> Iterator[str]:
    """The names of the headers that an operation's success has beside those of every answer of HTTP."""
    if is_versioned(operation_id):
        yield "ETag"
    if operation_id in _MADE:
        yield "Location"
    if operation_id == "customer_billing_list_records":
        yield "Link"
    if is_write:
        yield "Idempotency-Replayed"
    yield "X-Request-ID"


def refusals_of(operation: dict[str, Any], *, is_write: bool, reads_json: bool) -> list[int]:
    """The statuses that an operation can refuse a request with."""
    name = operation["operationId"]
    places = {(each.get("in"), each.get("name")) for each in operation.get("parameters", [])}
    some = {
        404: name in _NAMES_SOMETHING or (name not in _FINDS_ANY and any(place == "path" for place, _ in places)),
        409: is_write,
        412: ("header", "If-Match") in places,
        413: "requestBody" in operation,
        415: reads_json,
    }
    return sorted([*_ALWAYS, *(status for status, can in some.items() if can)])


def refusals() -> dict[str, Any]:
    """Every refusal by its name in the document."""
    return {f"Refused{status}": _refusal(status) for status in CODES}


def header_refs(names: Iterator[str]) -> dict[str, Any]:
    """These headers, as the document refers to them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def headers() -> dict[str, Any]:
    """Every header by its name."""
    kinds = {"Retry-After": {"type": "integer", "minimum": 0}}
    return {name: {**told, "schema": kinds.get(name, {"type": "string"})} for name, told in HEADERS.items()}


def _refusal(status: int) -> dict[str, Any]:
    codes = CODES[status]
    listed = "\n".join(f"- `{code}`: {meaning}" for code, meaning in codes.items())
    return {
        "description": f"{phrase_of(status)}. By `code`:\n\n{listed}",
        "headers": header_refs(iter([*_OF_REFUSALS.get(status, ()), "X-Request-ID"])),
        "content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _example(status)}},
        "x-codes": list(codes),
    }


def _example(status: int) -> dict[str, Any]:
    code, meaning = next(iter(CODES[status].items()))
    told = {"type": "about:blank", "title": phrase_of(status), "status": status, "detail": meaning, "error": meaning}
    if status != 422:
        return {**told, "code": code, "request_id": "7f3a9c"}
    flaw = {"field": "amount", "detail": "amount: field required"}
    detail = {"detail": flaw["detail"], "error": flaw["detail"]}
    return {**told, **detail, "code": code, "errors": [flaw], "request_id": "7f3a9c"}
