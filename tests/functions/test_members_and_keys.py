"""Members and API keys over HTTP, in both stores: who decides on them, what each is told, what the audit log has."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.domain.member import Role, member_id
from billing.ports import Documents, Query
from billing.store.audit import AuditLog
from tests.either_store import documents, firestore
from tests.functions.api_door import ApiDoor, running_api_door
from tests.functions.running_door import KEY, Answered

__all__ = ["documents", "firestore"]

MEMBERS, KEYS = "/api/billing/members", "/api/billing/api-keys"
ADA, GRACE = member_id("ada@acme.test"), member_id("grace@acme.test")


@pytest.fixture
def door(tmp_path: Path, documents: Documents) -> Iterator[ApiDoor]:
    with running_api_door(tmp_path, documents=documents) as door:
        yield door


def ask(door: ApiDoor, method: str, path: str, body: object = None, *, tenant: str = "acme", **sent: str) -> Answered:
    headers = {name.replace("_", "-"): value for name, value in sent.items()}
    return door.ask(method, path, body=body, tenant=tenant, sent={"x-internal-key": KEY} | headers)


def add(door: ApiDoor, identity: str, role: str) -> Answered:
    return ask(door, "POST", MEMBERS, {"identity": identity, "role": role})


def told(door: ApiDoor, entity: str) -> list[tuple[str, str, str]]:
    return [(each.event, each.before, each.after) for each in AuditLog.of(door.documents, "acme").about(entity)]


def test_a_member_is_added_changed_and_removed_and_each_change_is_recorded(door: ApiDoor) -> None:
    added = add(door, "Ada@acme.test", "admin")
    assert added.status == 201
    assert added.json == {
        "id": ADA,
        "identity": "ada@acme.test",
        "role": "admin",
        "added_at": "2026-03-01T08:00:00Z",
        "added_by": "internal-key",
    }
    add(door, "grace@acme.test", "viewer")
    door.clock.at += timedelta(seconds=1)
    assert ask(door, "PATCH", f"{MEMBERS}/{GRACE}", {"role": "staff"}).json["role"] == "staff"
    door.clock.at += timedelta(seconds=1)
    assert ask(door, "DELETE", f"{MEMBERS}/{GRACE}").status == 204
    assert ask(door, "GET", f"{MEMBERS}/{GRACE}").status == 404
    assert told(door, f"members/{GRACE}") == [
        ("member.added", "", "viewer"),
        ("member.role_changed", "viewer", "staff"),
        ("member.removed", "staff", ""),
    ]


def test_members_are_listed_in_pages(door: ApiDoor) -> None:
    ids = sorted(add(door, f"member-{number}@acme.test", "viewer").json["id"] for number in range(5))
    pages, cursor = [], ""
    while True:
        page = ask(door, "GET", f"{MEMBERS}?limit=2{cursor}").json
        pages.append([each["id"] for each in page["data"]])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == [ids[:2], ids[2:4], ids[4:]]


def test_somebody_is_a_member_once(door: ApiDoor) -> None:
    add(door, "ada@acme.test", "admin")
    again = add(door, " ADA@acme.test", "viewer")
    assert (again.status, again.json["code"]) == (409, "member_exists")
    assert ask(door, "GET", f"{MEMBERS}/{ADA}").json["role"] == "admin"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"identity": "ada", "role": "admin"}, "identity"),
        ({"identity": "ada@acme.test", "role": "owner"}, "role"),
        ({"identity": "ada@acme.test"}, "role"),
        ({"identity": "ada@acme.test", "role": "admin", "tenant": "umbra"}, "tenant"),
    ],
)
def test_a_member_that_can_t_be_is_refused_by_its_field(door: ApiDoor, body: dict[str, str], field: str) -> None:
    refused = ask(door, "POST", MEMBERS, body)
    assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, [field])


def test_a_change_goes_to_the_version_that_was_read_or_does_not_happen(door: ApiDoor) -> None:
    read = add(door, "grace@acme.test", "viewer").headers["etag"]
    changed = ask(door, "PATCH", f"{MEMBERS}/{GRACE}", {"role": "staff"}, if_match=read)
    assert (changed.status, changed.headers["etag"] != read) == (200, True)
    for method, body in (("PATCH", {"role": "admin"}), ("DELETE", None)):
        late = ask(door, method, f"{MEMBERS}/{GRACE}", body, if_match=read)
        assert (late.status, late.json["code"]) == (412, "precondition_failed")
    assert ask(door, "GET", f"{MEMBERS}/{GRACE}").headers["etag"] == changed.headers["etag"]


def test_the_last_admin_stays_one(door: ApiDoor) -> None:
    add(door, "ada@acme.test", "admin")
    for method, body in (("PATCH", {"role": "staff"}), ("DELETE", None)):
        refused = ask(door, method, f"{MEMBERS}/{ADA}", body)
        assert (refused.status, refused.json["code"]) == (409, "last_admin")
    add(door, "grace@acme.test", "admin")
    assert ask(door, "DELETE", f"{MEMBERS}/{ADA}").status == 204


def test_of_two_admins_who_remove_each_other_at_once_one_is_left(door: ApiDoor) -> None:
    add(door, "ada@acme.test", "admin")
    add(door, "grace@acme.test", "admin")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda each: ask(door, "DELETE", f"{MEMBERS}/{each}"), [ADA, GRACE]))
    assert sorted(each.status for each in answers) == [204, 409]
    assert [each["role"] for each in ask(door, "GET", MEMBERS).json["data"]] == ["admin"]


def test_a_key_is_shown_once_and_stored_nowhere(door: ApiDoor) -> None:
    asked = {"name": "usage import", "role": "staff", "scopes": ["usage:write"], "expires_at": "2027-01-01T00:00:00Z"}
    made = ask(door, "POST", KEYS, asked, Idempotency_Key="one")
    key = made.json["key"]
    assert (made.status, made.json["scopes"], made.json["prefix"]) == (201, ["usage:write"], key.rpartition(".")[0])
    assert door.ask("POST", "/api/billing/usage/events", body={"events": []}, token=key).status != 401
    again = ask(door, "POST", KEYS, asked, Idempotency_Key="one")
    assert (again.status, again.json) == (201, {**made.json, "key": None})
    assert "key" not in ask(door, "GET", f"{KEYS}/{made.json['id']}").json
    collections = ("api_keys", "audit", "idempotent_writes")
    stored = [each.fields for name in collections for each in door.documents.query(Query(f"tenants/acme/{name}"))]
    assert len(stored) == 3
    assert key.rpartition(".")[2] not in str(stored)


def test_a_revoked_key_stays_known_and_opens_nothing(door: ApiDoor) -> None:
    made = ask(door, "POST", KEYS, {"name": "reports", "role": "viewer"}).json
    assert door.ask("GET", "/api/billing/me", token=made["key"]).json["name"] == f"api-key:{made['id']}"
    door.clock.at += timedelta(seconds=1)
    revoked = ask(door, "POST", f"{KEYS}/{made['id']}/revoke")
    assert (revoked.status, revoked.json["revoked_by"]) == (200, "internal-key")
    assert door.ask("GET", "/api/billing/me", token=made["key"]).status == 401
    assert ask(door, "POST", f"{KEYS}/{made['id']}/revoke").json == revoked.json
    assert [each["revoked_at"] for each in ask(door, "GET", KEYS).json["data"]] == ["2026-03-01T08:00:01Z"]
    assert told(door, f"api_keys/{made['id']}") == [
        ("api_key.created", "", "viewer"),
        ("api_key.revoked", "", "revoked"),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": ["members:write"]}, "scopes[0]"),
        ({"scopes": ["usage:all"]}, "scopes[0]"),
        ({"expires_at": "2026-03-01T08:00:00Z"}, "expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "expires_at"),
        ({"name": "   "}, "name"),
    ],
)
def test_a_key_that_can_t_be_is_refused_by_its_field(door: ApiDoor, changes: dict[str, Any], field: str) -> None:
    refused = ask(door, "POST", KEYS, {"name": "reports", "role": "viewer"} | changes)
    assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, [field])


def test_nobody_below_an_admin_and_no_other_tenant_decides(door: ApiDoor) -> None:
    add(door, "ada@acme.test", "admin")
    made = ask(door, "POST", KEYS, {"name": "reports", "role": "viewer"}).json["id"]
    staff, other = door.key(Role.STAFF), door.key(Role.ADMIN, tenant="umbra")
    for path in (MEMBERS, f"{MEMBERS}/{ADA}", KEYS, f"{KEYS}/{made}"):
        assert door.ask("GET", path, token=staff).status == 403
    assert door.ask("GET", f"{MEMBERS}/{ADA}", token=other, tenant="umbra").status == 404
    assert door.ask("DELETE", f"{MEMBERS}/{ADA}", token=other, tenant="umbra").status == 404
    assert door.ask("POST", f"{KEYS}/{made}/revoke", token=other, tenant="umbra").status == 404
    assert ask(door, "GET", f"{KEYS}/{made}").json["revoked_at"] is None
