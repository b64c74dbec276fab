"""The API's document and its reference page; the checked-in document is the one that the code makes.

After a change: `make openapi`.
"""

import html
import json
import os
import re
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jsonschema_rs import Draft202012Validator

from billing.api.openapi import openapi_document
from billing.api.openapi_examples import BODIES
from billing.api.routes.all_routes import billing_routes
from billing.domain.member import Role
from billing.render.api_reference.page import reference_page
from billing.render.api_reference.shapes import kind_of
from tests.functions.api_books import running_api
from tests.functions.running_door import KEY

CHECKED_IN = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_document_that_is_checked_in_is_the_one_that_is_served(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        served = json.loads(api.proxy.get("/api/openapi.json").body)
    assert served == json.loads(CHECKED_IN.read_text())


def test_every_operation_says_who_may_what_it_is_and_how_it_is_refused() -> None:
    document = openapi_document(billing_routes())
    assert document["openapi"].startswith("3.1.")
    ids = list[str]()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            assert operation["security"], (method, path)
            assert {"401", "403", "422", "429"} <= set(operation["responses"]), (method, path)
            ids.append(operation["operationId"])
    assert len(ids) == len(set(ids))


def test_a_generator_finds_a_plain_name_for_every_model() -> None:
    """Two models of one name are told apart by their modules, and then no client would call either by its name."""
    schemas = openapi_document(billing_routes())["components"]["schemas"]
    assert [name for name in schemas if not re.fullmatch(r"[A-Z][A-Za-z]+(_[A-Z][A-Za-z]+_)?", name)] == []


def test_every_schema_of_the_document_is_one() -> None:
    document = openapi_document(billing_routes())
    for name, schema in document["components"]["schemas"].items():
        assert Draft202012Validator({**schema, "components": document["components"]}) is not None, name


def test_links_say_which_calls_take_the_ids_of_an_answer() -> None:
    document = openapi_document(billing_routes())
    created = document["paths"]["/api/billing/subscriptions"]["post"]["responses"]["201"]["links"]
    assert created["subscriptions_cancel"] == {
        "operationId": "subscriptions_cancel",
        "parameters": {"path.subscription_id": "$response.body#/id"},
    }
    listed = document["paths"]["/api/billing/invoices"]["get"]["responses"]["200"]["links"]
    assert listed["invoices_void"]["parameters"] == {"path.id_or_number": "$response.body#/data/0/id"}
    assert "links" not in document["paths"]["/api/billing/plans/check"]["post"]["responses"]["200"]


def test_every_id_that_a_path_takes_comes_from_a_link_or_is_a_word() -> None:
    """A route that is added with an id of its own kind is to be led to from where such ids are made or listed."""
    document = openapi_document(billing_routes())
    operations = [(path, each) for path, methods in document["paths"].items() for each in methods.values()]
    answers = [response for _, each in operations for response in each["responses"].values()]
    linked = {
        (link["operationId"], name)
        for response in answers
        for link in response.get("links", {}).values()
        for name in link["parameters"]
    }
    words = {"path.kind", "path.language", "path.coupon_id"}  # coupons come with a book
    for _, each in operations:
        names = {f"path.{it['name']}" for it in each.get("parameters", []) if it.get("in") == "path"} - words
        assert {(each["operationId"], name) for name in names} <= linked, each["operationId"]


def test_the_reference_page_names_every_operation_and_loads_nothing(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        answered = api.proxy.get("/api/docs")
    page = answered.body.decode()
    document = openapi_document(billing_routes())
    assert all(f"<code>{path}</code>" in page for path in document["paths"])
    assert not re.search(r"src=|@import|url\(|https?://", page)
    [script] = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    allowed = f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
    assert {"default-src 'none'", allowed} <= set(answered.headers["content-security-policy"].split("; "))


def test_every_sample_of_the_reference_page_is_a_call_that_the_api_understands(tmp_path: Path) -> None:
    """In a shell with curl, as somebody would copy it."""
    with running_api(tmp_path) as api:
        page = api.proxy.get("/api/docs").body.decode()
        samples = [html.unescape(each) for each in re.findall("<pre><code>(.*?)</code></pre>", page, re.DOTALL)]
        (tmp_path / "statement.csv").write_text(BODIES["bank_statements_upload"])
        told = subprocess.run(
            ["bash", "-euc", "\n".join(f"{each} -o told -w '%{{http_code}}\\n'" for each in samples)],
            cwd=tmp_path,
            env={**os.environ, "API": api.proxy.base, "KEY": api.keys["acme", Role.ADMIN], "INTERNAL_KEY": KEY},
            capture_output=True,
            text=True,
            check=True,
        )
    statuses = dict(zip(samples, map(int, told.stdout.split()), strict=True))
    assert len(statuses) > 110
    assert {sample: it for sample, it in statuses.items() if it not in (200, 201, 204, 404, 409, 422)} == {}
    assert list(statuses.values()).count(422) <= 5  # what is void or not there can be neither sent nor taken off


def test_what_is_named_on_the_reference_page_is_linked_to_its_place(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        page = api.proxy.get("/api/docs").body.decode()
    ids, linked = re.findall('id="([^"]+)"', page), set(re.findall('href="#([^"]+)"', page))
    assert len(ids) == len(set(ids))
    assert linked <= set(ids)
    assert {"CustomerAnswer", "GivenCustomerChange", "refused-412", "authentication"} <= linked


def test_a_description_can_not_put_markup_on_the_page() -> None:
    document = openapi_document(billing_routes())
    document["info"]["description"] = "<script>alert(1)</script>"
    assert "<script>alert" not in reference_page(document).html


def test_a_kind_is_told_in_a_few_words() -> None:
    assert kind_of({"anyOf": [{"type": "string"}, {"type": "null"}]}) == "string or null"
    assert kind_of({"type": "array", "items": {"$ref": "#/components/schemas/LineAnswer"}}) == "list of LineAnswer"
    assert kind_of({"type": "object", "additionalProperties": {"type": "integer"}}) == "map to integer"
    assert kind_of({"enum": ["paid", "void"]}) == "paid | void"
