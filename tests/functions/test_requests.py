"""The door of the billing run over HTTP: what may be asked, what is refused and changes nothing, what comes back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from billing.ports import Put
from tests.functions.laptop import Laptop, laptop_door
from tests.functions.running_door import KEY
from tests.functions.small_tenants import AMOUNT, AS_OF, everything

MEBIBYTE = 1024 * 1024
TWO_YEARS_AHEAD = (datetime.now(UTC) + timedelta(days=730)).date().isoformat()


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """Shared by the tests that look at one tenant only."""
    with laptop_door(tmp_path_factory.mktemp("laptop")) as started:
        yield started


@pytest.fixture
def own_laptop(tmp_path: Path) -> Iterator[Laptop]:
    """With no tenants but the test's own."""
    with laptop_door(tmp_path) as started:
        yield started


def test_a_call_of_an_older_client_is_answered_as_it_expects(laptop: Laptop) -> None:
    tenant = laptop.tenant(accounts=2)

    answered = laptop.door.post(tenant=tenant)

    assert answered.status == 200
    assert answered.headers["content-type"] == "application/json"
    assert answered.json["generated"] == 2
    assert [(each["customerId"], each["invoiceNumber"], each["amount"]) for each in answered.json["invoices"]] == [
        ("acct-1", "INV-2026-02-0001", AMOUNT),
        ("acct-2", "INV-2026-02-0002", AMOUNT),
    ]
    assert b'"amount":58.31,' in answered.body


def test_the_report_stands_beside_the_older_fields(laptop: Laptop) -> None:
    tenant = laptop.tenant(accounts=2)

    report = laptop.door.post({"as_of": AS_OF}, tenant=tenant).json

    assert (report["tenant"], report["as_of"], report["dry_run"]) == (tenant, "2026-03-01T00:00:00+00:00", False)
    assert (report["complete"], report["customers"], report["skipped"], report["failed"]) == (True, 2, {}, 0)
    assert (report["settled"], report["unsettled"], report["errors"]) == (2, 0, [])
    assert report["totals"] == {
        "USD": {
            "usage": Decimal("0.00"),
            "flat": Decimal("98.00"),
            "proration": Decimal("0.00"),
            "one_time": Decimal("0.00"),
            "commitment": Decimal("0.00"),
            "discount": Decimal("0.00"),
            "tax": Decimal("18.62"),
            "total": Decimal("116.62"),
            "tax_by_place": {"DE": Decimal("18.62")},
        }
    }
    assert report["operations"]["objects"] == 4  # two PDFs, two JSON files
    assert "note" not in report


def test_a_second_call_generates_nothing(laptop: Laptop) -> None:
    tenant = laptop.tenant()
    laptop.door.post(tenant=tenant)

    again = laptop.door.post(tenant=tenant)

    assert (again.status, again.json["generated"], again.json["invoices"]) == (200, 0, [])


def test_a_dry_run_answers_the_same_and_writes_nothing(laptop: Laptop) -> None:
    tenant = laptop.tenant(accounts=2)
    before = everything(laptop.documents, [tenant])

    dry = laptop.door.post({"dry_run": True, "as_of": AS_OF}, tenant=tenant).json

    assert everything(laptop.documents, [tenant]) == before
    assert not (laptop.objects / "invoices" / tenant).exists()
    real = laptop.door.post({"as_of": AS_OF}, tenant=tenant).json
    assert (dry["generated"], dry["totals"]) == (2, real["totals"])
    assert [each["amount"] for each in dry["invoices"]] == [each["amount"] for each in real["invoices"]]


def test_nothing_is_due_the_day_before(laptop: Laptop) -> None:
    assert laptop.door.post({"as_of": "2026-02-28"}, tenant=laptop.tenant()).json["generated"] == 0


def test_a_day_starts_in_the_tenants_own_zone(laptop: Laptop) -> None:
    tenant = laptop.tenant(zone="Asia/Tokyo")

    assert laptop.door.post({"as_of": AS_OF}, tenant=tenant).json["as_of"] == "2026-02-28T15:00:00+00:00"


def test_an_instant_is_taken_with_its_offset(laptop: Laptop) -> None:
    report = laptop.door.post({"as_of": "2026-03-01T02:30:00+02:00"}, tenant=laptop.tenant()).json

    assert (report["as_of"], report["generated"]) == ("2026-03-01T00:30:00+00:00", 1)


def test_a_limit_stops_early_and_the_next_call_goes_on(laptop: Laptop) -> None:
    tenant = laptop.tenant(accounts=3)

    first = laptop.door.post({"limit": 2}, tenant=tenant).json
    rest = laptop.door.post(tenant=tenant).json

    assert (first["generated"], first["complete"]) == (2, False)
    assert "call again" in first["note"]
    assert [each["invoiceNumber"] for each in rest["invoices"]] == ["INV-2026-02-0003"]
    assert rest["complete"]


def test_a_tenant_id_bills_that_tenant_only(laptop: Laptop) -> None:
    one, other = laptop.tenant(), laptop.tenant()
    before = everything(laptop.documents, [other])

    assert laptop.door.post(tenant=one).json["generated"] == 1
    assert everything(laptop.documents, [other]) == before


def test_without_a_tenant_id_every_tenant_is_billed(own_laptop: Laptop) -> None:
    one, other = own_laptop.tenant(), own_laptop.tenant(accounts=2)

    answered = own_laptop.door.post({"as_of": AS_OF})

    assert answered.status == 200
    report = answered.json
    assert (report["tenants"], report["generated"], report["complete"], report["errors"]) == (2, 3, True, [])
    assert [(each["tenantId"], each["invoiceNumber"], each["amount"]) for each in report["invoices"]] == [
        (one, "INV-2026-02-0001", AMOUNT),
        (other, "INV-2026-02-0001", AMOUNT),
        (other, "INV-2026-02-0002", AMOUNT),
    ]
    assert [(each["tenant"], each["generated"]) for each in report["results"]] == [(one, 1), (other, 2)]


def test_a_limit_holds_for_all_tenants_together(own_laptop: Laptop) -> None:
    first, last = own_laptop.tenant(accounts=2), own_laptop.tenant(accounts=2)

    report = own_laptop.door.post({"limit": 3}).json
    rest = own_laptop.door.post().json

    assert (report["generated"], report["complete"]) == (3, False)
    assert [each["tenantId"] for each in report["invoices"]] == [first, first, last]
    assert (rest["generated"], rest["complete"]) == (1, True)


@pytest.mark.parametrize("broken", [{"schema_version": 1}, {"schema_version": 1, "seller": "nobody", "zone": 7}])
def test_a_broken_tenant_does_not_stop_the_others(own_laptop: Laptop, broken: dict) -> None:
    tenants = [own_laptop.tenant(), own_laptop.tenant(), own_laptop.tenant()]
    own_laptop.documents.commit([Put(f"tenants/{tenants[1]}", {"id": tenants[1], **broken})])

    answered = own_laptop.door.post()

    assert answered.status == 200
    assert [each["tenantId"] for each in answered.json["invoices"]] == [tenants[0], tenants[2]]
    [error] = answered.json["errors"]
    assert (error["tenantId"], error["code"]) == (tenants[1], "run_failed")
    assert "a stored tenant can't be read" in error["message"]
    run, call = own_laptop.door.log[-2:]
    assert (run["event"], run["severity"], run["tenants_failed"], call["status"]) == ("run_report", "ERROR", 1, 200)


def test_a_broken_tenant_asked_for_alone_is_our_failure(laptop: Laptop) -> None:
    tenant = laptop.tenant()
    laptop.documents.commit([Put(f"tenants/{tenant}", {"id": tenant, "schema_version": 1})])

    answered = laptop.door.post(tenant=tenant)

    assert (answered.status, answered.json["code"]) == (500, "run_failed")
    laptop.documents.commit([Put(f"tenants/{tenant}", {"schema_version": 1})])  # out of everybody's list


REFUSED_BODIES = {
    "no JSON": (b"{", 400, "malformed_request", []),
    "what is no space in JSON": (b"\x0b", 400, "malformed_request", []),
    "a form": (b"as_of=2026-03-01", 400, "malformed_request", []),
    "no UTF-8": (b'{"as_of": "\xff"}', 400, "malformed_request", []),
    "two values": (b"{} {}", 400, "malformed_request", []),
    "a number without end": (b'{"limit": ' + b"9" * 5000 + b"}", 400, "malformed_request", []),
    "a list": (b"[]", 422, "invalid_input", ["body"]),
    "null": (b"null", 422, "invalid_input", ["body"]),
    "text": (b'"2026-03-01"', 422, "invalid_input", ["body"]),
    "unknown keys": (b'{"dryRun": true, "tenant": "a"}', 422, "invalid_input", ["dryRun", "tenant"]),
    "every field wrong": (
        b'{"as_of": 1, "dry_run": "yes", "limit": true}',
        422,
        "invalid_input",
        ["as_of", "dry_run", "limit"],
    ),
    "nulls": (
        b'{"as_of": null, "dry_run": null, "limit": null}',
        422,
        "invalid_input",
        ["as_of", "dry_run", "limit"],
    ),
    "NaN": (b'{"limit": NaN}', 422, "invalid_input", ["body"]),
    "infinity": (b'{"limit": -Infinity}', 422, "invalid_input", ["body"]),
    "a huge float": (b'{"limit": 1e999}', 422, "invalid_input", ["limit"]),
    "a whole float": (b'{"limit": 1.0}', 422, "invalid_input", ["limit"]),
    "limit zero": (b'{"limit": 0}', 422, "invalid_input", ["limit"]),
    "limit below zero": (b'{"limit": -1}', 422, "invalid_input", ["limit"]),
    "limit beyond reason": (b'{"limit": 1000001}', 422, "invalid_input", ["limit"]),
    "a key twice": (b'{"dry_run": true, "dry_run": false}', 422, "invalid_input", ["dry_run"]),
    "too deep": (b'{"as_of": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 422, "invalid_input", ["body"]),
    "deep": (b'{"as_of": ' + b"[" * 500 + b"]" * 500 + b"}", 422, "invalid_input", ["as_of"]),
    "a lone surrogate": (b'{"\\ud800": 1}', 422, "invalid_input", ["\ud800"]),
    **{
        f"as_of {text!r}": (json.dumps({"as_of": text}).encode(), 422, "invalid_input", ["as_of"])
        for text in (
            "",
            "tomorrow",
            "2026-02-30",
            "2026-2-1",
            "20260301",
            "2026-W09-7",
            "0001-01-01",
            "0001-01-01T00:00:00+14:00",
            "1999-12-31",
            "9999-12-31",
            "9999-12-31T23:59:59-23:59",
            TWO_YEARS_AHEAD,
            "2026-03-01T00:00:00",
            "2026-03-01T24:00:01Z",
            "2026-03-01T00:00:00+99:00",
            "2026-03-01T00:00:60Z",
            "٢٠٢٦-٠٣-٠١",
            "2026-03-01\n",
        )
    },
}


@pytest.mark.parametrize(("body", "status", "code", "fields"), REFUSED_BODIES.values(), ids=REFUSED_BODIES)
def test_a_body_that_cannot_be_meant_is_refused_and_changes_nothing(
    laptop: Laptop, body: bytes, status: int, code: str, fields: list[str]
) -> None:
    tenant = laptop.tenant()
    before = everything(laptop.documents, [tenant])

    answered = laptop.door.post(body, tenant=tenant)

    assert (answered.status, answered.json["code"]) == (status, code)
    assert answered.headers["content-type"] == "application/problem+json"
    assert [each["field"] for each in answered.json.get("errors", [])] == fields
    assert answered.json["error"] == answered.json["detail"]
    assert len(answered.body) < 4096
    assert everything(laptop.documents, [tenant]) == before


@pytest.mark.parametrize("body", [None, b"", b" \n", b"{}"])
@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", "text/plain; charset=utf-8"])
def test_an_empty_body_of_any_type_asks_for_the_defaults(laptop: Laptop, body: bytes | None, content_type: str) -> None:
    answered = laptop.door.post(body, tenant=laptop.tenant(), headers={"Content-Type": content_type})

    assert (answered.status, answered.json["generated"]) == (200, 1)


def test_parameters_in_the_address_are_refused(laptop: Laptop) -> None:
    sent = {"x-internal-key": KEY, "X-Tenant-ID": laptop.tenant()}

    assert laptop.door.call("POST", path="/?dry_run=true", sent=sent).status == 400


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("size", [MEBIBYTE + 1, 10 * MEBIBYTE])
@pytest.mark.parametrize("key", [True, False], ids=["known caller", "stranger"])
def test_a_body_that_is_too_large_is_refused(laptop: Laptop, announced: bool, size: int, key: bool) -> None:
    tenant = laptop.tenant()
    before = everything(laptop.documents, [tenant])
    pieces = [b" " * (size // 16)] * 16 + [b" " * (size % 16)]
    sent = {"X-Tenant-ID": tenant} | ({"x-internal-key": KEY} if key else {})

    answered = laptop.door.call("POST", body=b"".join(pieces) if announced else pieces, sent=sent)

    assert (answered.status, answered.json["code"]) == ((413, "body_too_large") if key else (401, "unauthenticated"))
    assert everything(laptop.documents, [tenant]) == before


def test_a_body_of_just_the_limit_is_read(laptop: Laptop) -> None:
    body = b'{"dry_run": true}'

    assert laptop.door.post(body + b" " * (MEBIBYTE - len(body)), tenant=laptop.tenant()).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_told_the_allowed_ones(laptop: Laptop, method: str) -> None:
    answered = laptop.door.call(method, sent={"x-internal-key": KEY})

    assert (answered.status, answered.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


def test_options_tells_the_methods_and_no_origin(laptop: Laptop) -> None:
    answered = laptop.door.call("OPTIONS", sent={"Origin": "https://example.com"})

    assert (answered.status, answered.body) == (204, b"")
    assert answered.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert not [name for name in answered.headers if name.startswith("access-control")]


@pytest.mark.parametrize("tenant", ["", " ", "a/b", "../acme", "..", "a,b", "a" * 64, "a b", "%2e", "tenants/acme"])
def test_a_malformed_tenant_id_is_refused(laptop: Laptop, tenant: str) -> None:
    answered = laptop.door.post(tenant=tenant)

    assert (answered.status, answered.json["code"]) == (400, "malformed_request")
    assert answered.json["error"].startswith("X-Tenant-ID: expected")


def test_an_unknown_tenant_is_told_to_a_known_caller_alone(laptop: Laptop) -> None:
    known, stranger = laptop.door.post(tenant="nobody"), laptop.door.post(tenant="nobody", key=None)
    stranger_at_a_real_one = laptop.door.post(tenant=laptop.tenant(), key=None)

    assert (known.status, known.json["error"]) == (404, "no tenant 'nobody'")
    assert (stranger.status, stranger_at_a_real_one.status) == (401, 401)
    differing = {name for name in stranger.json if stranger.json[name] != stranger_at_a_real_one.json[name]}
    assert differing == {"request_id"}


def test_a_well_formed_request_id_comes_back_and_stands_in_the_audit_log(laptop: Laptop) -> None:
    tenant = laptop.tenant()

    answered = laptop.door.post(tenant=tenant, headers={"X-Request-ID": "cron.2026-03-01:acme"})

    assert answered.headers["x-request-id"] == "cron.2026-03-01:acme"
    assert "cron.2026-03-01:acme" in str(everything(laptop.documents, [tenant]))


@pytest.mark.parametrize("given", ["", "a b", "<script>", "x" * 65, "a,b"])
def test_any_other_request_id_is_replaced(laptop: Laptop, given: str) -> None:
    answered = laptop.door.post(key=None, headers={"X-Request-ID": given})

    assert len(answered.headers["x-request-id"]) == 32
    assert answered.json["request_id"] == answered.headers["x-request-id"]


def test_the_log_has_one_line_a_run_and_one_a_call_without_key_or_customer(laptop: Laptop) -> None:
    before = len(laptop.door.log)

    laptop.door.post(tenant=laptop.tenant(), headers={"X-Request-ID": "one"})
    laptop.door.post(key="a-wrong-key-that-must-not-be-told", headers={"X-Request-ID": "two"})

    run, first, second = lines = laptop.door.log[before:]
    assert (run["event"], run["request_id"], run["outcome"], run["invoices"]) == ("run_report", "one", "succeeded", 1)
    assert (first["event"], first["request_id"], first["severity"]) == ("generate_invoices", "one", "INFO")
    assert (first["caller"], first["status"]) == ("internal_key", 200)
    assert (second["request_id"], second["severity"], second["status"]) == ("two", "WARNING", 401)
    for told in (KEY, "a-wrong-key", "Lumen Health", "@"):
        assert told not in json.dumps(lines)


def test_anybody_is_told_the_version_and_no_more(laptop: Laptop) -> None:
    answered = laptop.door.call("GET", path="/")

    assert (answered.status, answered.json) == (200, {"status": "ok", "version": "0.1.0"})


def test_a_known_caller_is_told_how_the_parts_are(laptop: Laptop) -> None:
    answered = laptop.door.call("GET", sent={"x-internal-key": KEY})

    assert answered.status == 200
    assert answered.json["parts"] == {"documents": "ok", "objects": "ok", "secrets": "ok"}
    assert laptop.door.call("GET", sent={"x-internal-key": "wrong"}).status == 401


def test_head_answers_like_get_without_a_body(laptop: Laptop) -> None:
    answered = laptop.door.call("HEAD", path="/")

    assert (answered.status, answered.body) == (200, b"")
