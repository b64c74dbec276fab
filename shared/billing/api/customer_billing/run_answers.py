"""What the daily steps are asked and answer, for the API's document."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from billing.api.customer_billing.answers import Number, Responses


class Report(BaseModel):
    """The part of a run's report that older clients read; our own stands beside it."""

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")


class GeneratedInvoice(Report):
    """An invoice that a run made."""

    customer_id: str
    invoice_number: str
    amount: Number


class Generated(Report):
    """What a billing run did."""

    generated: int
    invoices: list[GeneratedInvoice]


class DunnedCustomer(Report):
    """A step that was done for a customer; `action` is reminder, suspended or one of ours."""

    customer_id: str
    action: str
    reminder_count: int


class Dunned(Report):
    """What a dunning run did."""

    processed: int
    details: list[DunnedCustomer]


class CronError(Report):
    """A tenant for which a step failed."""

    tenant_id: str
    code: str
    message: str


class CronAnswer(Report):
    """What both steps did for all tenants that were asked for."""

    tenants: int
    invoices_generated: int
    dunning_processed: int
    complete: bool
    errors: list[CronError]


class VerifiedTenant(Report):
    """A tenant whose books do not agree: how many findings, by kind."""

    tenant_id: str
    findings: int
    kinds: dict[str, int]


class VerifyAnswer(Report):
    """What the verification of all tenants that were asked for found."""

    tenants: int
    complete: bool
    findings: int
    results: list[VerifiedTenant]
    errors: list[CronError]


def _asked(properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"requestBody": {"required": False, "content": {"application/json": {"schema": schema}}}}


_AS_OF = {"type": "string", "description": "A day, or an instant with its offset; now if it is left out"}
_DRY_RUN = {"type": "boolean", "default": False}

RUN_ASKED: Final = _asked(
    {"as_of": _AS_OF, "dry_run": _DRY_RUN, "limit": {"type": "integer", "minimum": 1, "maximum": 1_000_000}}
)
CRON_ASKED: Final = _asked(
    {
        "tenantIds": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1_000},
        "as_of": _AS_OF,
        "dry_run": _DRY_RUN,
    }
)
_PERIOD = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "description": "A month, of the periods' start"}
VERIFY_ASKED: Final = _asked(
    {
        "period": _PERIOD,
        "objects": {"type": "boolean", "default": False, "description": "Read the files too"},
        "events": {"type": "boolean", "default": False, "description": "Add up raw usage again too"},
    }
)
GENERATED: Final[Responses] = {200: {"model": Generated, "description": "What was done"}}
DUNNED: Final[Responses] = {200: {"model": Dunned, "description": "What was done"}}
CRON: Final[Responses] = {200: {"model": CronAnswer, "description": "What was done"}}
VERIFIED: Final[Responses] = {200: {"model": VerifyAnswer, "description": "What was found"}}
