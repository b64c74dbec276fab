"""What may be stored and comes back the same, and what is refused, whatever the store."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.errors import InvalidInput
from billing.ports import Create, Documents, Fields, Put, Query, Update, Value

PATH = "tenants/acme/invoices/one"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=".`"), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("__")
)
scalars: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(min_value=-(2**63), max_value=2**63 - 1), texts
)
instants = st.datetimes(timezones=st.just(UTC))


maps: st.SearchStrategy[Value] = st.deferred(lambda: st.dictionaries(names, values, max_size=3))
values: st.SearchStrategy[Value] = st.deferred(lambda: scalars | maps | st.lists(scalars | maps, max_size=3))
documents_fields: st.SearchStrategy[Fields] = st.dictionaries(names, values | instants, max_size=6)


def nested(levels: int) -> Fields:
    return {"v": nested(levels - 1)} if levels else {}


class ValueContract:
    def test_fields_come_back_as_they_were(self, documents: Documents) -> None:
        @settings(max_examples=60, deadline=None)
        @given(fields=documents_fields, added=documents_fields)
        def law(fields: Fields, added: Fields) -> None:
            path = f"tenants/acme/invoices/{uuid4().hex}"
            documents.commit([Create(path, fields)])
            assert typed(stored_fields(documents, path)) == typed(fields)
            documents.commit([Update(path, added)])
            assert typed(stored_fields(documents, path)) == typed(fields | added)

        law()

    def test_the_ends_of_every_range_come_back(self, documents: Documents) -> None:
        fields: Fields = {
            "first": datetime(1, 1, 1, tzinfo=UTC),
            "last": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            "epoch": datetime(1970, 1, 1, tzinfo=UTC),
            "before": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            "high": 2**63 - 1,
            "low": -(2**63),
            "text": "Ünïcode 𝄞 \n\t\x7f \\ \" ' ; --",
            "empty": {"list": [], "map": {}, "text": "", "lists": [{"of": ["lists"]}]},
            "deep": nested(18),
        }
        documents.commit([Create(PATH, fields)])
        assert typed(stored_fields(documents, PATH)) == typed(fields)

    def test_an_instant_comes_back_in_utc_whatever_its_zone_is_called(self, documents: Documents) -> None:
        documents.commit([Create(PATH, {"at": NOON.replace(tzinfo=timezone(timedelta(0), "Z"))})])
        at = stored_fields(documents, PATH)["at"]
        assert isinstance(at, datetime)
        assert (at, at.tzinfo) == (NOON, UTC)

    @pytest.mark.parametrize(
        "fields",
        [
            {"v": 1.0},
            {"v": float("nan")},
            {"v": Decimal(1)},
            {"v": [Decimal(1)]},
            {"v": {"w": 0.5}},
            {"v": datetime(2026, 3, 1)},  # noqa: DTZ001
            {"v": datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1)))},
            {"v": NOON.date()},
            {"v": {"at": NOON}},
            {"v": [NOON]},
            {"v": [{"w": [{"at": NOON}]}]},
            {"v": [["nested"]]},
            {"v": [1, [2]]},
            {"v": {"w": [[]]}},
            {"v": nested(20)},
            {"v": 2**63},
            {"v": -(2**63) - 1},
            {"v": {"w": 2**64}},
            {"v": b"bytes"},
            {"v": (1, 2)},
            {"v": {1, 2}},
            {"v": ...},
            {"v": "\0"},
            {"v": {"w": "a\0b"}},
            {"v": "\ud800"},
            {"": 1},
            {"a.b": 1},
            {"a`b": 1},
            {"__name__": 1},
            {"__x": 1},
            {"v": {"a.b": 1}},
            {"v": {"__x": 1}},
            {"v": [{"": 1}]},
            {"a\0": 1},
            {"a\r": 1},
            {"v": {"a\u2028": 1}},
            {"\udfff": 1},
            {1: 1},
            {"x" * 1501: 1},
        ],
        ids=lambda fields: ascii(fields)[:40],
    )
    def test_what_no_store_takes_is_refused_and_nothing_written(self, documents: Documents, fields: Fields) -> None:
        documents.commit([Put("tenants/acme/invoices/there", {"old": 1})])
        for write in (Create(PATH, fields), Put(PATH, fields), Update("tenants/acme/invoices/there", fields)):
            with pytest.raises(InvalidInput):
                documents.commit([Create("tenants/acme/invoices/beside", {}), write])
        assert [(document.id, document.fields) for document in documents.query(Query("tenants/acme/invoices"))] == [
            ("there", {"old": 1})
        ]

    @pytest.mark.parametrize("refused", [{"v": 2**63}, {"v": True}, {"v": 1.0}, {"a.b": 1}, {"set": 1}], ids=ascii)
    def test_an_increment_is_an_integer_of_a_field_not_set(self, documents: Documents, refused: dict[str, int]) -> None:
        documents.commit([Create(PATH, {"v": 1})])
        with pytest.raises(InvalidInput):
            documents.commit([Update(PATH, {"set": 1}, increments=refused)])

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "tenants",
            "tenants/acme/invoices",
            "/tenants/acme",
            "tenants/acme/",
            "tenants//invoices/one",
            "tenants/./invoices/one",
            "tenants/../invoices/one",
            "tenants/acme/invoices/..",
            "tenants/__acme__/invoices/one",
            "tenants/acme/__x__/one",
            "tenants/a\0cme",
            "tenants/\ud800",
            "tenants/" + "x" * 1501,
            "tenants/" + "é" * 751,
            "/".join(["x" * 1500] * 6),
        ],
        ids=lambda path: ascii(path)[:40],
    )
    def test_a_path_that_no_store_takes_is_refused(self, documents: Documents, path: str) -> None:
        for write in (Create(path, {}), Put(path, {}), Update(path, {}), Update(path, increments={"v": 1})):
            with pytest.raises(InvalidInput):
                documents.commit([write])
        with pytest.raises(InvalidInput):
            documents.get_many([path])

    @pytest.mark.parametrize(
        "document_id",
        ["a b", "ü", "𝄞", "x" * 1500, "_x_", "...", "%2F", "a@b.c", "-", "'", '"', "#?", "{}", "INV 1"],
        ids=lambda document_id: ascii(document_id)[:40],
    )
    def test_any_other_id_is_taken(self, documents: Documents, document_id: str) -> None:
        path = f"tenants/acme/invoices/{document_id}"
        documents.commit([Create(path, {"v": 1})])
        (document,) = documents.get_many([path])
        assert document is not None
        assert (document.path, document.id) == (path, document_id)
        assert documents.query(Query("tenants/acme/invoices")) == [document]


def stored_fields(documents: Documents, path: str) -> Fields:
    (document,) = documents.get_many([path])
    assert document is not None, path
    return document.fields


def typed(value: object) -> object:
    """The value with the type beside every scalar, as 1 == True in Python."""
    match value:
        case dict():
            return {name: typed(inner) for name, inner in value.items()}
        case list():
            return [typed(inner) for inner in value]
        case _:
            return type(value), value
