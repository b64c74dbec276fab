"""A write with an Idempotency-Key over HTTP, in both stores: done once, answered alike, whatever comes in between."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from billing.api.access import Access, needs
from billing.api.rest import RestRoute
from billing.domain.errors import Conflict, Unavailable
from billing.domain.member import Role
from billing.ports import Documents, Put, Query
from tests.either_store import documents, firestore
from tests.functions.api_door import ApiDoor, running_api_door
from tests.functions.running_door import KEY, Answered
from tests.functions.served_app import START

__all__ = ["documents", "firestore"]

ORDERS = "/test/orders"
Staff = Annotated[Access, Depends(needs(Role.STAFF))]


class Order(BaseModel):
    """What is ordered."""

    thing: str


@dataclass(kw_only=True)
class Shop:
    """Routes that only these tests have: each order is counted, and can be made to wait or to fail."""

    orders: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    taken: Event = field(default_factory=Event)
    go: Event = field(default_factory=Event)

    def routes(self) -> APIRouter:
        router = APIRouter(route_class=RestRoute)

        @router.post(ORDERS, status_code=201)
        def order(given: Order, access: Staff, response: Response) -> dict[str, Any]:
            self.taken.set()
            self.go.wait(20)
            if self.fails:
                raise self.fails.pop()
            self.orders.append(given.thing)
            self.ids.append(access.new_id("ord"))
            response.headers["ETag"] = f'"{len(self.orders)}"'
            return {"number": len(self.orders), "thing": given.thing}

        @router.get(ORDERS)
        def listed(_access: Staff) -> list[str]:
            return self.orders

        return router


@dataclass(frozen=True, kw_only=True)
class Open:
    """The shop's door."""

    shop: Shop
    door: ApiDoor

    def order(
        self, key: str | None = "one", *, thing: str = "tea", tenant: str = "acme", path: str = ORDERS
    ) -> Answered:
        sent = {"x-internal-key": KEY} | ({} if key is None else {"Idempotency-Key": key})
        return self.door.ask("POST", path, body={"thing": thing}, tenant=tenant, sent=sent)

    def kept(self) -> list[Any]:
        return self.door.documents.query(Query("tenants/acme/idempotent_writes"))


@pytest.fixture
def opened(tmp_path: Path, documents: Documents) -> Iterator[Open]:
    shop = Shop()
    shop.go.set()
    with running_api_door(tmp_path, documents=documents, more=shop.routes) as door:
        yield Open(shop=shop, door=door)


def test_the_same_write_again_is_answered_alike_and_done_once(opened: Open) -> None:
    first, again = opened.order(), opened.order()
    assert (first.status, first.json, first.headers["etag"]) == (201, {"number": 1, "thing": "tea"}, '"1"')
    assert (again.status, again.body, again.headers["etag"]) == (201, first.body, '"1"')
    assert again.headers["content-type"] == first.headers["content-type"]
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert opened.shop.orders == ["tea"]


def test_another_write_with_that_key_is_refused(opened: Open) -> None:
    opened.order()
    for answered in (opened.order(thing="coffee"), opened.order(path=f"{ORDERS}?x=1")):
        assert (answered.status, answered.json["code"]) == (409, "idempotency_key_reused")
    assert opened.shop.orders == ["tea"]


def test_keys_are_a_tenant_s_own_and_without_one_each_write_is_new(opened: Open) -> None:
    assert [opened.order(tenant=tenant).status for tenant in ("acme", "umbra")] == [201, 201]
    assert [opened.order(None).json["number"] for _ in range(2)] == [3, 4]
    assert len(opened.kept()) == 1


def test_two_at_once_are_done_once_and_the_second_hears_that_it_may_try_again(opened: Open) -> None:
    opened.shop.go.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(opened.order)
        assert opened.shop.taken.wait(20)
        second = opened.order()
        opened.shop.go.set()
        assert first.result().status == 201
    assert (second.status, second.json["code"]) == (409, "request_under_way")
    assert opened.order().body == first.result().body
    assert opened.shop.orders == ["tea"]


def test_eight_at_once_are_done_once(opened: Open) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: opened.order(), range(8)))
    assert opened.shop.orders == ["tea"]
    assert {each.status for each in answers} <= {201, 409}
    assert {each.json["code"] for each in answers if each.status == 409} <= {"request_under_way"}


@pytest.mark.parametrize("error", [Conflict("not now"), Unavailable("the store"), RuntimeError("a slip")])
def test_what_fails_keeps_nothing_so_the_same_key_may_try_again(opened: Open, error: Exception) -> None:
    opened.shop.fails = [error]
    assert opened.order().status in (409, 500, 503)
    assert opened.kept() == []
    assert opened.order().status == 201


def test_a_body_that_breaks_rules_keeps_nothing(opened: Open) -> None:
    sent = {"x-internal-key": KEY, "Idempotency-Key": "one"}
    refused = opened.door.ask("POST", ORDERS, body={"thing": 7}, sent=sent)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "thing")
    assert opened.order().status == 201


def test_a_write_that_was_killed_half_way_is_done_by_its_repeat(opened: Open) -> None:
    """The claim of the one that was killed stands; after ten minutes nobody can be at it any more."""
    opened.order()
    [kept] = opened.kept()
    left = {**kept.fields, "state": "working", "claim_id": "of-the-killed"}
    opened.door.documents.commit([Put(kept.path, left)])
    opened.door.clock.at = START + timedelta(minutes=9)
    assert opened.order().json["code"] == "request_under_way"
    opened.door.clock.at = START + timedelta(minutes=10)
    assert opened.order().json["number"] == 2
    assert opened.order().json["number"] == 2
    assert opened.shop.ids[0] == opened.shop.ids[1]  # so that what is made by the repeat is not made twice


def test_after_a_day_the_key_is_new_again(opened: Open) -> None:
    opened.order()
    opened.door.clock.at = START + timedelta(hours=24) - timedelta(seconds=1)
    assert opened.order(thing="coffee").status == 409
    opened.door.clock.at = START + timedelta(hours=24)
    assert opened.order(thing="coffee").json == {"number": 2, "thing": "coffee"}


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "schl\xfcssel"])
def test_a_key_that_is_none_is_refused(opened: Open, key: str) -> None:
    answered = opened.order(key)
    assert (answered.status, answered.json["code"]) == (400, "malformed_request")
    assert opened.shop.orders == []


def test_who_may_not_is_refused_before_any_answer_is_shown(opened: Open) -> None:
    opened.order()
    viewer = opened.door.key(Role.VIEWER)
    answered = opened.door.ask("POST", ORDERS, body={"thing": "tea"}, token=viewer, sent={"Idempotency-Key": "one"})
    assert answered.status == 403


def test_reading_takes_no_notice_of_a_key(opened: Open) -> None:
    sent = {"x-internal-key": KEY, "Idempotency-Key": "one"}
    assert opened.door.ask("GET", ORDERS, sent=sent).json == []
    opened.order()
    assert opened.door.ask("GET", ORDERS, sent=sent).json == ["tea"]


def test_a_route_that_asks_nothing_of_its_caller_does_not_start() -> None:
    router = APIRouter(route_class=RestRoute)
    with pytest.raises(TypeError, match="/open: a route of the API needs one dependency made by `needs`, not 0"):
        router.get("/open")(lambda: None)
