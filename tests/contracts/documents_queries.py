"""What a query answers, whatever the store. Expected answers are worked out by hand from the documents given."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billing.ports import Create, Document, Documents, Fields, Filter, InvalidDocument, Order, Query, Value

INVOICES = "tenants/acme/invoices"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def given(documents: Documents, fields_by_id: dict[str, Fields], *, collection: str = INVOICES) -> None:
    documents.commit([Create(f"{collection}/{name}", fields) for name, fields in fields_by_id.items()])


def ids(documents: Documents, *filters: Filter, order: tuple[Order, ...] = (), limit: int | None = None) -> str:
    query = Query(INVOICES, filters, order, limit)
    found = documents.query(query)
    assert documents.count(query) == len(found)
    return " ".join(document.id for document in found)


def pages(documents: Documents, query: Query) -> list[str]:
    """The ids of each page, following the cursor as a caller does."""
    order = [part.field for part in query.order]
    answers: list[str] = []
    page = documents.query(query)
    while page:
        answers.append(" ".join(document.id for document in page))
        cursor = (*(page[-1].fields[name] for name in order), page[-1].id)
        page = documents.query(replace(query, start_after=cursor))
    return answers


class QueryContract:
    def test_a_collection_is_listed_by_id_without_its_neighbours(self, documents: Documents) -> None:
        given(documents, {"b": {}, "a": {}, "B": {}, "é": {}, "z": {}, "𝄞": {}, "ﬃ": {}})
        given(documents, {"x": {}}, collection="tenants/acme2/invoices")
        given(documents, {"x": {}}, collection=f"{INVOICES}/a/lines")
        given(documents, {"acme": {}, "acme2": {}}, collection="tenants")
        assert ids(documents) == "B a b z é ﬃ 𝄞"  # the last two stand the other way round in UTF-16
        assert [tenant.id for tenant in documents.query(Query("tenants"))] == ["acme", "acme2"]
        assert documents.query(Query("nothing")) == []

    def test_equality_finds_the_same_value_of_the_same_type(self, documents: Documents) -> None:
        values: dict[str, Value] = {
            "int": 1,
            "bool": True,
            "text": "1",
            "null": None,
            "instant": NOON,
            "iso": "2026-03-01T12:00:00+00:00",
            "zero": 0,
            "false": False,
            "empty": "",
        }
        given(documents, {name: {"v": value} for name, value in values.items()} | {"lacking": {"w": 1}})
        for name, value in values.items():
            assert ids(documents, Filter("v", "==", value)) == name

    def test_in_finds_any_of_several_kinds(self, documents: Documents) -> None:
        given(documents, {"a": {"v": 1}, "b": {"v": True}, "c": {"v": "x"}, "d": {"v": NOON}, "e": {"v": 2}, "f": {}})
        assert ids(documents, Filter("v", "in", [1, "x", 9])) == "a c"
        assert ids(documents, Filter("v", "in", [True, NOON])) == "b d"
        assert ids(documents, Filter("v", "in", list(range(30)))) == "a e"

    def test_array_contains_finds_members_of_the_same_type(self, documents: Documents) -> None:
        members: dict[str, Fields] = {
            "a": {"v": ["x", 1, {"y": 2}]},
            "b": {"v": [True, "1", None]},
            "c": {"v": "x"},
            "d": {"v": []},
            "e": {"v": {"x": "x"}},
            "f": {},
        }
        given(documents, members)
        assert ids(documents, Filter("v", "array_contains", "x")) == "a"
        assert ids(documents, Filter("v", "array_contains", 1)) == "a"
        assert ids(documents, Filter("v", "array_contains", True)) == "b"
        assert ids(documents, Filter("v", "array_contains", "1")) == "b"
        assert ids(documents, Filter("v", "array_contains", 2)) == ""

    def test_array_contains_any_finds_whatever_holds_one_of_several(self, documents: Documents) -> None:
        given(documents, {"a": {"v": ["x", 1]}, "b": {"v": [True, "1"]}, "c": {"v": "x"}, "d": {"v": []}, "e": {}})
        assert ids(documents, Filter("v", "array_contains_any", ["x", "1"])) == "a b"
        assert ids(documents, Filter("v", "array_contains_any", ["x", 1])) == "a"
        assert ids(documents, Filter("v", "array_contains_any", [True, 1])) == "a b"
        assert ids(documents, Filter("v", "array_contains_any", ["y", False, 2])) == ""
        assert ids(documents, Filter("v", "array_contains_any", ["x", *map(str, range(29))])) == "a b"

    def test_ranges_are_half_of_a_type(self, documents: Documents) -> None:
        values: dict[str, Value] = {"a": 1, "b": 2, "c": 3, "n": None, "t": "2", "u": True, "x": NOON}
        given(documents, {name: {"v": value} for name, value in values.items()} | {"lacking": {}})
        assert ids(documents, Filter("v", "<", 2)) == "a"
        assert ids(documents, Filter("v", "<=", 2)) == "a b"
        assert ids(documents, Filter("v", ">", 2)) == "c"
        assert ids(documents, Filter("v", ">=", 2)) == "b c"
        assert ids(documents, Filter("v", ">", 1), Filter("v", "<", 3)) == "b"
        assert ids(documents, Filter("v", "<=", "9")) == "t"
        assert ids(documents, Filter("v", ">=", NOON)) == "x"
        assert ids(documents, Filter("v", "<", NOON)) == ""

    def test_a_range_alone_sorts_by_its_field(self, documents: Documents) -> None:
        given(documents, {"a": {"v": 3}, "b": {"v": 1}, "c": {"v": 2}, "d": {"v": 1}})
        assert ids(documents, Filter("v", ">", 0)) == "b d c a"
        assert ids(documents, Filter("v", ">", 0), order=(Order("v", descending=True),)) == "a c d b"

    def test_integers_sort_exactly_beyond_what_a_float_holds(self, documents: Documents) -> None:
        given(documents, {"a": {"v": 2**53 + 1}, "b": {"v": 2**53}, "c": {"v": 2**63 - 1}, "d": {"v": -(2**63)}})
        assert ids(documents, order=(Order("v"),)) == "d b a c"
        assert ids(documents, Filter("v", "==", 2**53)) == "b"
        assert ids(documents, Filter("v", ">", 2**53)) == "a c"

    def test_text_sorts_by_its_utf8_bytes(self, documents: Documents) -> None:
        texts = {"a": "ﬃ", "b": "𝄞", "c": "Z", "d": "a", "e": "é", "f": "", "g": "aa", "h": "a b"}
        given(documents, {name: {"v": text} for name, text in texts.items()})
        assert ids(documents, order=(Order("v"),)) == "f c d h g e a b"
        assert ids(documents, Filter("v", ">", "é")) == "a b"

    def test_instants_sort_by_time_with_and_without_fractions(self, documents: Documents) -> None:
        instants = {
            "a": NOON.replace(microsecond=500_000),
            "b": NOON,
            "c": NOON.replace(second=1),
            "d": NOON.replace(microsecond=1),
            "e": NOON.replace(year=1969),
            "f": NOON.replace(year=999),
        }
        given(documents, {name: {"v": instant} for name, instant in instants.items()})
        assert ids(documents, order=(Order("v"),)) == "f e b d a c"
        assert ids(documents, Filter("v", ">", NOON), Filter("v", "<", NOON.replace(second=1))) == "d a"

    def test_nulls_come_first_and_documents_without_the_field_not_at_all(self, documents: Documents) -> None:
        given(documents, {"a": {"v": 1}, "b": {}, "c": {"v": None}, "d": {"w": 1}})
        assert ids(documents, order=(Order("v"),)) == "c a"
        assert ids(documents, order=(Order("v", descending=True),)) == "a c"
        assert ids(documents, order=(Order("v"), Order("w"))) == ""

    def test_ties_go_by_id_in_the_direction_of_the_last_order(self, documents: Documents) -> None:
        given(documents, {"b": {"v": 1, "w": 1}, "a": {"v": 1, "w": 1}, "c": {"v": 0, "w": 1}})
        assert ids(documents, order=(Order("v"),)) == "c a b"
        assert ids(documents, order=(Order("v", descending=True),)) == "b a c"
        assert ids(documents, order=(Order("v", descending=True), Order("w"))) == "a b c"
        assert ids(documents, order=(Order("v"), Order("w", descending=True))) == "c b a"

    def test_a_limit_takes_the_first(self, documents: Documents) -> None:
        given(documents, {"a": {"v": 3}, "b": {"v": 1}, "c": {"v": 2}})
        assert ids(documents, order=(Order("v"),), limit=2) == "b c"
        assert ids(documents, limit=9) == "a b c"

    def test_the_cursor_leads_through_every_document_once(self, documents: Documents) -> None:
        values: dict[str, Fields] = {
            "a": {"v": 1, "w": "x"},
            "b": {"v": 1, "w": "x"},
            "c": {"v": 1, "w": None},
            "d": {"v": None, "w": "y"},
            "e": {"v": None, "w": "x"},
            "f": {"v": 2, "w": "x"},
            "g": {"v": 2, "w": "z"},
        }
        given(documents, values)
        up, down = Order("v"), Order("v", descending=True)
        by_text, back = Order("w"), Order("w", descending=True)
        query = Query(INVOICES, limit=2)
        assert pages(documents, query) == ["a b", "c d", "e f", "g"]
        assert pages(documents, replace(query, order=(up,))) == ["d e", "a b", "c f", "g"]
        assert pages(documents, replace(query, order=(down,))) == ["g f", "c b", "a e", "d"]
        assert pages(documents, replace(query, order=(up, by_text))) == ["e d", "c a", "b f", "g"]
        assert pages(documents, replace(query, order=(down, by_text))) == ["f g", "c a", "b e", "d"]
        assert pages(documents, replace(query, order=(up, back))) == ["d e", "b a", "c g", "f"]

    def test_pages_of_what_is_due_in_a_shard(self, documents: Documents) -> None:
        hours = {"a": 3, "b": 1, "c": 9, "d": 1, "e": 2}
        due: dict[str, Fields] = {
            name: {"shard": 1, "next_billing_at": NOON.replace(hour=hour), "customer_id": f"c{name}"}
            for name, hour in hours.items()
        }
        given(documents, due | {"x": {"shard": 2, "next_billing_at": NOON.replace(hour=1), "customer_id": "c"}})
        filters = (Filter("shard", "==", 1), Filter("next_billing_at", "<=", NOON.replace(hour=3)))
        query = Query(INVOICES, filters, (Order("next_billing_at"), Order("customer_id")), limit=2)
        assert pages(documents, query) == ["b d", "e a"]

    def test_a_projection_holds_the_named_fields_only(self, documents: Documents) -> None:
        given(documents, {"a": {"v": 1, "w": NOON, "x": 3}, "b": {"x": 4}})
        query = Query(INVOICES, fields=("v", "w"))
        assert [document.fields for document in documents.query(query)] == [{"v": 1, "w": NOON}, {}]
        assert [document.fields for document in documents.query(replace(query, fields=()))] == [{}, {}]

    def test_a_query_gives_the_versions_that_a_commit_gave(self, documents: Documents) -> None:
        (version,) = documents.commit([Create(f"{INVOICES}/a", {"v": 1})])
        assert documents.query(Query(INVOICES)) == [Document(f"{INVOICES}/a", {"v": 1}, version)]

    def test_sums_add_integers_only_and_exactly(self, documents: Documents) -> None:
        values: dict[str, Value] = {"a": 2**53, "b": 1, "c": "7", "d": None, "e": True, "f": -3}
        given(documents, {name: {"v": value, "w": 1} for name, value in values.items()} | {"g": {"w": 1}})
        assert documents.sum(Query(INVOICES), field="v") == 2**53 - 2
        assert documents.sum(Query(INVOICES, (Filter("w", "==", 1),)), field="v") == 2**53 - 2
        assert documents.sum(Query(INVOICES, (Filter("v", "<", 2),)), field="v") == -2
        assert documents.sum(Query(INVOICES, (Filter("w", "==", 2),)), field="v") == 0
        assert documents.sum(Query("nothing"), field="v") == 0
        assert documents.count(Query("nothing")) == 0

    def test_a_sum_beyond_64_bit_is_refused(self, documents: Documents) -> None:
        given(documents, {"a": {"v": 2**63 - 1}, "b": {"v": 1}})
        with pytest.raises(InvalidDocument):
            documents.sum(Query(INVOICES), field="v")

    @pytest.mark.parametrize(
        "query",
        [
            Query("tenants/acme"),
            Query(""),
            Query(INVOICES, limit=0),
            Query(INVOICES, fields=("a.b",)),
            Query(INVOICES, (Filter("a'); drop table docs; --", "==", 1),)),
            Query(INVOICES, (Filter("v", "in", []),)),
            Query(INVOICES, (Filter("v", "in", list(range(31))),)),
            Query(INVOICES, (Filter("v", "in", [None]),)),
            Query(INVOICES, (Filter("v", "in", "text"),)),
            Query(INVOICES, (Filter("v", "<", None),)),
            Query(INVOICES, (Filter("v", "<", True),)),
            Query(INVOICES, (Filter("v", "==", [1]),)),
            Query(INVOICES, (Filter("v", "==", {"a": 1}),)),
            Query(INVOICES, (Filter("v", "==", datetime(2026, 3, 1)),)),  # noqa: DTZ001
            Query(INVOICES, (Filter("v", "==", 2**63),)),
            Query(INVOICES, (Filter("v", "array_contains", NOON),)),
            Query(INVOICES, (Filter("v", "array_contains", 1), Filter("w", "array_contains", 1))),
            Query(INVOICES, (Filter("v", "array_contains_any", []),)),
            Query(INVOICES, (Filter("v", "array_contains_any", list(range(31))),)),
            Query(INVOICES, (Filter("v", "array_contains_any", [1, NOON]),)),
            Query(INVOICES, (Filter("v", "array_contains", 1), Filter("w", "array_contains_any", [1]))),
            Query(INVOICES, (Filter("v", "<", 1), Filter("w", "<", 1))),
            Query(INVOICES, (Filter("v", "<", 1),), (Order("w"),)),
            Query(INVOICES, order=(Order("v"), Order("v"))),
            Query(INVOICES, order=(Order("__name__"),)),
            Query(INVOICES, order=(Order("v"),), start_after=("id",)),
            Query(INVOICES, start_after=(1,)),
            Query(INVOICES, start_after=("a/b",)),
        ],
    )
    def test_what_a_store_cannot_answer_is_refused(self, documents: Documents, query: Query) -> None:
        with pytest.raises(InvalidDocument):
            documents.query(query)
        with pytest.raises(InvalidDocument):
            documents.count(query)

    def test_a_sum_takes_no_limit_and_no_cursor(self, documents: Documents) -> None:
        for query in (Query(INVOICES, limit=1), Query(INVOICES, start_after=("a",))):
            with pytest.raises(InvalidDocument):
                documents.sum(query, field="v")
