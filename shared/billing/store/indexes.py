"""Which queries are indexed: those that `infra` makes in Firestore, and SQLite's partial ones.

Firestore indexes every field by itself unless told not to, and answers no query that lacks its index. A collection
takes 500 writes a second while an indexed value in it only rises (an instant, a number), so those fields are exempt
and time-ordered queries lead with `shard`; big fields are exempt because every entry costs a write.
Rules: https://firebase.google.com/docs/firestore/query-data/index-overview and .../firestore/best-practices
"""

from dataclasses import dataclass
from typing import Final

from billing.ports import CompositeIndex


@dataclass(frozen=True, slots=True)
class Exemption:
    """A field without Firestore's own index; with `expires`, documents are deleted once its instant has passed."""

    collection_group: str
    field: str
    expires: bool = False


INDEXES: Final[tuple[CompositeIndex, ...]] = (
    # what is due: one shard at a time, oldest first, a customer's subscriptions beside each other
    CompositeIndex("subscriptions", (("shard", "asc"), ("next_billing_at", "asc"), ("customer_id", "asc"))),
    # what is past due: one shard and status at a time, the longest overdue first
    CompositeIndex("invoices", (("shard", "asc"), ("status", "asc"), ("due_on", "asc"))),
    # dunning cases to look at: one shard at a time, the longest due first
    CompositeIndex("invoices", (("shard", "asc"), ("dunning_at", "asc"))),
    # what is still to be paid by how late it is, added up by the server: one shard at a time, as due dates only rise
    CompositeIndex(
        "invoices", (("shard", "asc"), ("status", "asc"), ("currency", "asc"), ("due_on", "asc"), ("amount_due", "asc"))
    ),
    # whether the roll-ups of reports still stand: the sum of the marks of what each was made from
    CompositeIndex("invoices", (("month", "asc"), ("currency", "asc"), ("report_mark", "asc")), needed_to_add_up=True),
    CompositeIndex(
        "invoices", (("usage_month", "asc"), ("currency", "asc"), ("report_mark", "asc")), needed_to_add_up=True
    ),
    CompositeIndex(
        "credit_notes", (("month", "asc"), ("currency", "asc"), ("report_mark", "asc")), needed_to_add_up=True
    ),
    CompositeIndex("usage", (("month", "asc"), ("report_mark", "asc")), needed_to_add_up=True),
    CompositeIndex("subscriptions", (("shard", "asc"), ("report_mark", "asc")), needed_to_add_up=True),
    # what waits for a person
    CompositeIndex("reviews", (("status", "asc"),)),
    # the events that a subscription's usage was added up from, to verify it
    CompositeIndex("usage_events", (("subscription_id", "asc"),)),
    # what the tenant's own system is still to be told, and the latest that it was; a tenant's events are delivered one
    # by one, so their writes are far from what one rising index takes
    CompositeIndex("events", (("status", "asc"), ("occurred_at", "asc"))),
    CompositeIndex("events", (("status", "asc"), ("occurred_at", "desc"))),
)
"""One with a single field is for SQLite alone: Firestore has it already."""

_UNINDEXED: Final[dict[str, tuple[str, ...]]] = {
    "tenants": ("bank", "credit_numbers", "dunning", "e_invoices", "guard", "notes", "numbers", "seller"),
    "settings": ("rates",),
    "customers": ("card_tries", "created_on", "party", "preferences", "suspended_at", "suspensions", "tax"),
    "plan_drafts": ("content", "saved_at"),
    "plans": ("addons", "cycle", "fees", "metered"),
    "subscriptions": (
        "changed_at",
        "discounts",
        "items",
        "late_usage",
        "next_billing_at",
        "one_time",
        "pauses",
        "phases",
        "prepaid",
        "recent",
        "unbilled",
    ),
    "usage": ("buckets", "closed_until", "late", "late_billed"),
    "usage_events": ("occurred_at",),
    "invoices": (
        "accounting_tax",
        "attachments",
        "attempts",
        "basis",
        "bank",
        "bill_for_date",
        "buyer",
        "due_on",
        "dunning",
        "dunning_at",
        "issued_at",
        "issued_on",
        "lines",
        "notes",
        "paid_at",
        "pending",
        "period",
        "seller",
        "tax_lines",
    ),
    "gateway_events": ("applied_at",),
    "events": ("fields", "log", "next_try_at", "occurred_at", "tried_at"),
    "payments": ("applications", "note", "received_at", "reference", "refunds"),
    "credit_notes": (
        "accounting_tax",
        "attachments",
        "basis",
        "bill_for_date",
        "buyer",
        "issued_at",
        "issued_on",
        "lines",
        "notes",
        "pending",
        "period",
        "refunds",
        "seller",
        "tax_lines",
    ),
    "bank_transactions": ("entry", "explanation", "note"),
    "reviews": ("bill_for_date", "figures", "note", "opened_at", "reason", "resolved_at"),
    "audit": ("count", "hash", "recorded_at", "records"),
    "runs": ("as_of", "collected", "failures", "skipped", "totals"),
    "fan_outs": ("recorded_at",),
    "batches": ("invoices",),
    "report_rollups": ("rows",),
    "turns": ("until",),
    "verified_books": ("at", "periods"),
    "members": ("added_at",),
    "api_keys": ("created_at", "hash", "scopes"),
    "idempotent_writes": ("body", "claimed_at", "headers"),
}

EXEMPTIONS: Final[tuple[Exemption, ...]] = (
    *(Exemption(group, field) for group, fields in _UNINDEXED.items() for field in fields),
    Exemption("usage_events", "expires_at", expires=True),
    Exemption("gateway_events", "expires_at", expires=True),
    Exemption("events", "expires_at", expires=True),
    Exemption("idempotent_writes", "expires_at", expires=True),
    Exemption("runs", "expires_at", expires=True),
    Exemption("fan_outs", "expires_at", expires=True),
    Exemption("dead_letters", "expires_at", expires=True),
    Exemption("batches", "expires_at", expires=True),
)
