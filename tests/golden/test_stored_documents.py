"""Every document that was ever stored must load for ever.

Each folder below `documents` holds the documents of one day's shapes. None of them is changed: when a shape changes,
`make golden` adds a folder for the day, and the old ones must still load.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from billing.adapters.json_body import decode_body, encode_body
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.api_key import ApiKey
from billing.domain.bank_transaction import BankTransaction
from billing.domain.coupon import Coupon
from billing.domain.credit import CreditNote
from billing.domain.customer import Customer
from billing.domain.errors import BillingError
from billing.domain.event import Event
from billing.domain.member import Member
from billing.domain.plan_draft import PlanDraft
from billing.domain.review import Review
from billing.domain.usage import UsageEvent
from billing.ports import Document, Documents, Fields, Put, Query
from billing.store.audit import AuditLog
from billing.store.audit_seals import decode_seal
from billing.store.codec import decode
from billing.store.counters import Counters
from billing.store.event_turns import EventTurn
from billing.store.fan_outs import FanOuts
from billing.store.gateway_events import GatewayEvents
from billing.store.idempotent_writes import WriteAnswer
from billing.store.indexes import INDEXES
from billing.store.invoices import decode_invoice
from billing.store.mail_templates import MailTemplates
from billing.store.payments import decode_payment
from billing.store.plans import PlanVersions
from billing.store.subscriptions import decode_subscription
from billing.store.tenants import Tenants
from billing.store.usage import decode_rollup
from billing.store.verified_books import VerifiedBooks
from tests.golden.sample_documents import a_book
from tests.golden.sample_runs import BATCH, FAN_OUT, open_batches

FOLDER = Path(__file__).parent / "documents"
DATED = sorted(FOLDER.iterdir()) if FOLDER.exists() else []
SHAPES = frozenset(
    {
        "api_keys",
        "audit",
        "audit_seals",
        "bank_transactions",
        "batches",
        "counters",
        "coupons",
        "credit_notes",
        "customers",
        "dead_letters",
        "events",
        "fan_outs",
        "gateway_events",
        "idempotent_writes",
        "invoices",
        "mail_templates",
        "members",
        "payments",
        "plan_drafts",
        "plans",
        "report_rollups",
        "reviews",
        "runs",
        "settings",
        "subscriptions",
        "tenants",
        "turns",
        "usage",
        "usage_events",
        "verified_books",
    }
)
BESIDE_TENANTS = {
    "tenants": "tenants",
    "fan_outs": "fan_outs",
    "dead_letters": f"fan_outs/{FAN_OUT}/dead_letters",
    "batches": f"tenants/acme/runs/{FAN_OUT}/batches",
}
"""The collections that do not stand right below a tenant, and where they stand."""


@pytest.mark.parametrize("folder", DATED, ids=lambda folder: folder.name)
def test_documents_of_every_day_still_load(folder: Path) -> None:
    documents = SqliteDocuments(":memory:", indexes=INDEXES)
    stored = {path: fields for shape in folder.iterdir() for path, fields in _read(shape).items()}
    documents.commit([Put(path, fields) for path, fields in stored.items()])
    tenants = Tenants(documents)
    assert {fields["schema_version"] for fields in stored.values()} <= {1}
    for tenant_id in tenants.ids():
        assert tenants.get(tenant_id).id == tenant_id
        assert tenants.tax_table(tenant_id).rates
        for name in {shape.stem for shape in folder.iterdir()} - BESIDE_TENANTS.keys() - {"settings"}:
            rows = documents.query(Query(f"tenants/{tenant_id}/{name}"))
            assert rows, name
            for row in rows:
                _loads(documents, tenant_id, name, row)
    for fan_out in FanOuts(documents).latest(limit=10):
        assert FanOuts(documents).dead_letters(fan_out.id)[0].tenant_id == "gone"
    if (folder / "batches.json").exists():
        assert open_batches(documents, "acme").first(limit=2) == [BATCH]


def test_today_s_shapes_have_a_golden_document(renew_golden: bool) -> None:
    now = _written(a_book().documents)
    assert frozenset(now) == SHAPES
    if renew_golden and _shape(now) != _shape(_golden()):
        folder = FOLDER / f"{datetime.now(UTC):%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        for name, documents in now.items():
            text = json.dumps(documents, indent=1, sort_keys=True) + "\n"
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        DATED[:] = sorted(FOLDER.iterdir())
    golden = _golden()
    for name, documents in now.items():
        assert _shape(documents) == _shape(golden.get(name)), (
            f"{name} changed: `make golden` adds it, the old ones stay"
        )


def _shape(value: object) -> object:
    """The names and kinds of all fields, whatever their values; text that is JSON has a shape as well."""
    match value:
        case dict():
            return {name: _shape(inner) for name, inner in value.items()}
        case list():
            shapes = [_shape(inner) for inner in value]
            return [shape for index, shape in enumerate(shapes) if shape not in shapes[:index]]
        case str() if value.startswith("{"):
            return ["text of", _shape(json.loads(value))]
        case _:
            return type(value).__name__


def _loads(documents: SqliteDocuments, tenant_id: str, name: str, row: Document) -> None:
    """Read a document as its repository does; what is read says which document it is."""
    match name:
        case "audit":
            assert AuditLog.of(documents, tenant_id).broken_at(row) is None
        case "counters":
            assert Counters.of(documents, tenant_id).get([row.id])[0].last >= 1
        case "plans":
            [plan] = PlanVersions.of(documents, tenant_id).get([row.id])
            assert not isinstance(plan, BillingError)
            assert plan.ref == row.id
        case "runs":
            assert isinstance(row.fields["generated"], int)
        case "gateway_events":
            assert GatewayEvents.of(documents, tenant_id).was_applied(row.id)
        case "mail_templates":
            assert MailTemplates.of(documents, tenant_id).all()["receipt", "de"].subject
        case "usage_events":
            assert decode(row.fields, UsageEvent).subscription_id
        case _:
            assert _READERS[name](row) == row.id


_READERS: dict[str, Callable[[Document], str]] = {
    "api_keys": lambda row: decode(row.fields, ApiKey).id,
    "audit_seals": lambda row: f"{decode_seal(row).number:010}",
    "bank_transactions": lambda row: decode(row.fields, BankTransaction).id,
    "coupons": lambda row: decode(row.fields, Coupon).coupon_id,
    "credit_notes": lambda row: decode(row.fields, CreditNote).id,
    "customers": lambda row: decode(row.fields, Customer).id,
    "events": lambda row: decode(row.fields, Event).id,
    "idempotent_writes": lambda row: row.id if decode(row.fields, WriteAnswer).status == 201 else "",
    "invoices": lambda row: decode_invoice(row).value.id,
    "members": lambda row: decode(row.fields, Member).id,
    "payments": lambda row: decode_payment(row).value.id,
    "plan_drafts": lambda row: decode(row.fields, PlanDraft).plan_id,
    "reviews": lambda row: decode(row.fields, Review).id,
    "subscriptions": lambda row: decode_subscription(row).value.id,
    "report_rollups": lambda row: row.id if orjson.loads(str(row.fields["rows"])) else "",
    "turns": lambda row: row.id if decode(row.fields, EventTurn).holder else "",
    "usage": lambda row: decode_rollup(row).value.id,
    "verified_books": lambda row: row.id if decode(row.fields, VerifiedBooks).periods else "",
}


def _written(documents: Documents) -> dict[str, dict[str, object]]:
    """Today's documents by collection and path, as JSON holds them."""
    shapes: dict[str, dict[str, object]] = defaultdict(dict)
    own = sorted(SHAPES - BESIDE_TENANTS.keys())
    for collection in [*BESIDE_TENANTS.values(), *(f"tenants/acme/{name}" for name in own)]:
        for document in documents.query(Query(collection)):
            body = json.loads(encode_body(document.path, document.fields))
            shapes[collection.rpartition("/")[2]][document.path] = body
    return dict(shapes)


def _golden() -> dict[str, dict[str, object]]:
    """The latest golden documents by collection and path."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DATED[-1].iterdir()} if DATED else {}


def _read(shape: Path) -> dict[str, Fields]:
    return {path: decode_body(json.dumps(body)) for path, body in json.loads(shape.read_text(encoding="utf-8")).items()}
