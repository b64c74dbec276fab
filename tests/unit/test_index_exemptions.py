"""What Firestore would index without being asked: maps and lists entry by entry, instants into one rising hot spot."""

import json
from pathlib import Path

import pytest

from billing.store.indexes import EXEMPTIONS

LATEST = max((Path(__file__).parents[1] / "golden" / "documents").iterdir())
QUERIED = {("audit", "entities"), ("payments", "invoice_ids"), ("runs", "recorded_at")}
"""Lists that are asked for by what they contain, and what the latest runs are found by."""


def documents_of(shape: str) -> list[dict]:
    stored: dict[str, dict] = json.loads((LATEST / f"{shape}.json").read_text(encoding="utf-8"))
    return list(stored.values())


def exempt(shape: str) -> set[str]:
    return {exemption.field for exemption in EXEMPTIONS if exemption.collection_group == shape}


@pytest.mark.parametrize("shape", sorted(path.stem for path in LATEST.iterdir()))
def test_no_map_list_or_instant_is_indexed_that_no_query_asks_for(shape: str) -> None:
    costly = {
        name
        for document in documents_of(shape)
        for name, value in document.items()
        if name != "__instants" and (isinstance(value, dict | list) or name in document.get("__instants", {}))
    }
    assert costly - exempt(shape) - {name for group, name in QUERIED if group == shape} == set()


@pytest.mark.parametrize("shape", sorted({exemption.collection_group for exemption in EXEMPTIONS}))
def test_an_exemption_names_a_field_that_documents_have(shape: str) -> None:
    names = {name for document in documents_of(shape) for name in document}
    assert exempt(shape) - names == set()


@pytest.mark.parametrize(
    "group", ["batches", "dead_letters", "fan_outs", "gateway_events", "idempotent_writes", "runs"]
)
def test_what_is_kept_for_a_time_says_until_when_in_every_document(group: str) -> None:
    assert [each.field for each in EXEMPTIONS if each.collection_group == group and each.expires] == ["expires_at"]
    assert all("expires_at" in each["__instants"] for each in documents_of(group))
