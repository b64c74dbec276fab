"""Every operation is sent what attacks parsers, logs, headers and spreadsheets: it is refused, or does no harm."""

import csv
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from billing.domain.member import Role
from tests.builders import a_party
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_door import running_api_door
from tests.functions.api_things import things_of
from tests.functions.operations import Operation, operations, with_value
from tests.functions.proxy import owes
from tests.functions.running_door import KEY

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 20_000 + b"]" * 20_000
BODIES = {
    "deep": (b'{"a": ' + DEEP + b"}", {400, 422}),
    "ten megabytes": (b" " * 10 * 1024 * 1024 + b"{}", {413}),
    "no UTF-8": (b'{"a": "\xff\xfe"}', {400, 422}),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), {400, 422}),
    "a number of 5,000 digits": (b'{"a": ' + b"9" * 5_000 + b"}", {400, 422}),
    "infinity": (b'{"a": Infinity}', {400, 422}),
    "half a character as a name": (b'{"\\ud800": 1}', {400, 422}),
    "a null in a name": (b'{"a\\u0000": 1}', {400, 422}),
}
TEXTS = {
    "a null": "a\0b",
    "half a character": "\ud800",
    "a header": "a\r\nSet-Cookie: a=b",
    "right to left": "a\u202eb",
    "nothing to see": "\u200b\u2060",
    "wide": "\uff41\uff44\uff41",
    "a path": "../../umbra/customers/secret-customer",
    "a template": "{{ 7*7 }}{% include '/etc/passwd' %}",
    "markup": "<script>alert(1)</script>",
    "a formula": "=1+1",
}
UNREADABLE = ("a null", "half a character")
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
OLDER = "/api/customer-billing"
"""Below it, fields that are not known are left alone: a record that is read is sent back whole."""


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """The API and its operations."""

    api: ApiBooks
    operations: list[Operation]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with running_api(tmp_path_factory.mktemp("api")) as api:
        yield Attacked(api=api, operations=[*operations(api, things_of(api, "acme", named="own"))])


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_attacks_its_reader_is_refused_by_every_write(attacked: Attacked, name: str) -> None:
    body, statuses = BODIES[name]
    before, tried = recorded(attacked.api), 0
    for operation in attacked.operations:
        sound = operation.sound
        if not isinstance(sound.body, dict) or (sound.path.startswith(OLDER) and statuses != {413}):
            continue
        answered = replace(sound, body=body).of(attacked.api, **JSON)
        assert answered.status in statuses | ({403} if "/internal/" in sound.path else set()), (sound, answered.body)
        assert answered.headers["content-type"] == "application/problem+json"
        tried += 1
    assert tried > 30
    assert recorded(attacked.api) == before
    assert failed(attacked.api) == []


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_attacks_is_refused_or_comes_back_as_that_text(attacked: Attacked, name: str) -> None:
    tried = 0
    for operation in attacked.operations:
        for place in operation.texts:
            if place[0] == "query" and name == "half a character":
                continue  # no address can say it
            text = TEXTS[name]
            if place[0] == "path" and name == "half a character":
                continue
            answered = with_value(operation.sound, place, text).of(attacked.api)
            assert answered.status < 500, (operation.sound, place, answered.body)
            assert name not in UNREADABLE or answered.status >= 400 or place[0] == "query", (operation.sound, place)
            assert "set-cookie" not in answered.headers
            assert not [value for value in answered.headers.values() if "\n" in value]
            assert b"secret-customer Ltd" not in answered.body
            tried += 1
    assert tried > 100
    assert failed(attacked.api) == []


def test_a_name_that_is_a_formula_is_text_in_every_report(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        for number, formula in enumerate(FORMULAS):
            owes(api.proxy, f"evil-{number}", party=a_party(name=formula))
        told = api.ask("GET", "/api/billing/revenue-by-customer?as_of=2026-03-01&format=csv").body.decode()
        assert {f"'{formula}" for formula in FORMULAS} <= {cell for row in cells(told) for cell in row}
        for report in ("mrr", "outstanding", "revenue-by-customer", "churn-risk"):
            answered = api.ask("GET", f"/api/billing/{report}?as_of=2026-03-01", sent={"Accept": "text/csv"})
            assert answered.headers["content-type"].startswith("text/csv")
            text = [cell for row in cells(answered.body.decode()) for cell in row if not NUMBER.fullmatch(cell)]
            assert text
            assert not [cell for cell in text if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_where_secrets_are_missing_or_empty_nobody_gets_in(tmp_path: Path) -> None:
    none = {"INTERNAL_API_KEY": "", "INTERNAL_API_KEY_PREVIOUS": ""}
    cron, webhook, link = "/api/internal/cron/billing", "/webhooks/stripe/acme", "/pay/acme/i"
    with running_api_door(tmp_path, event_secrets=none) as door:
        for key in ("", KEY, "None"):
            for sent in ({"x-internal-key": key}, {"x-api-key": key}, {"Authorization": f"Bearer {key}"}):
                assert door.ask("GET", "/api/billing/me", sent=sent).status == 401
                assert door.ask("POST", cron, body={}, tenant=None, sent=sent).status == 401
        for secret in (b"", KEY.encode(), b"None"):
            for signed in (hmac.digest(secret, b"1772352000.{}", "sha256").hex(), ""):
                sent = {"Stripe-Signature": f"t=1772352000,v1={signed}"}
                assert door.ask("POST", webhook, body=b"{}", tenant=None, sent=sent).status in (400, 401, 403, 404)
            token = urlsafe_b64encode(hmac.digest(secret, link.encode(), "sha256")[:16]).decode().rstrip("=")
            assert door.ask("GET", f"{link}.{token}", tenant=None).status == 404


def cells(text: str) -> list[list[str]]:
    """As a spreadsheet reads it."""
    return list(csv.reader(text.splitlines()))


def recorded(api: ApiBooks) -> Any:  # noqa: ANN401 - any JSON
    """The latest of the audit log."""
    return api.read("/api/billing/audit?limit=1", role=Role.ADMIN)["data"]


def failed(api: ApiBooks) -> list[dict[str, Any]]:
    return [line for line in api.proxy.log if line["status"] >= 500]
