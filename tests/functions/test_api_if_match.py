"""A change over HTTP goes to the version that its caller has read, or it does not happen: subscriptions, policies."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from billing.domain.coupon import Coupon
from billing.domain.member import Role
from billing.store.coupons import Coupons
from tests.builders import a_fee, a_plan
from tests.functions.api_books import ApiBooks, running_api

SUBSCRIPTION = "/api/billing/subscriptions/s-1"
POLICIES = "/api/billing/dunning/policies"
HALF = Coupon(coupon_id="half", name="Half", percent=Decimal(50))
CHANGES: tuple[tuple[str, str, object], ...] = (
    ("POST", "items", {"quantities": {"seat": 2}}),
    ("POST", "plan", {"plan": "seats@2", "at": "2026-03-20T00:00:00Z"}),
    ("POST", "pause", {"at": "2026-03-10T00:00:00Z"}),
    ("POST", "resume", {"at": "2026-03-12T00:00:00Z"}),
    ("POST", "cancel", {}),
    ("POST", "cancel/undo", None),
    ("POST", "charges", {"id": "setup", "name": "Set-up", "unit_price": 10}),
    ("POST", "coupons", {"coupon_id": "half"}),
    ("DELETE", "coupons/half", None),
)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    with running_api(tmp_path) as running:
        world = running.proxy.world
        for version in (1, 2):
            world.plan(a_plan(plan_id="seats", version=version, fees=[a_fee("40.00")], addons=[a_fee("5.00", "seat")]))
        world.documents.commit([Coupons.of(world.documents, "acme").publication(HALF)])
        wanted = {"id": "s-1", "customer_id": "lumen", "plan": "seats@1", "start": "2026-03-01T08:00:00Z"}
        created = running.ask("POST", "/api/billing/subscriptions", body=wanted)
        assert created.headers["etag"] == etag(running)
        yield running


def etag(api: ApiBooks, path: str = SUBSCRIPTION) -> str:
    return api.ask("GET", path, role=Role.VIEWER).headers["etag"]


def test_a_change_of_a_subscription_that_was_changed_since_it_was_read_is_refused(api: ApiBooks) -> None:
    stale = etag(api)
    for method, change, body in CHANGES:
        path, read, before = f"{SUBSCRIPTION}/{change}", etag(api), api.read(SUBSCRIPTION)
        if read != stale:
            refused = api.ask(method, path, body=body, sent={"If-Match": stale})
            assert (change, refused.status, json.loads(refused.body)["code"]) == (change, 412, "precondition_failed")
            assert api.read(SUBSCRIPTION) == before
        changed = api.ask(method, path, body=body, sent={"If-Match": f'"another", {read}'})
        assert changed.status in (200, 201), (change, changed.body)
        assert changed.headers["etag"] == etag(api) != read


def test_what_is_done_under_a_key_is_told_again_with_the_version_that_it_made(api: ApiBooks) -> None:
    sent = {"If-Match": etag(api), "Idempotency-Key": "pause-1"}
    first = api.ask("POST", f"{SUBSCRIPTION}/pause", body={}, sent=sent)
    again = api.ask("POST", f"{SUBSCRIPTION}/pause", body={}, sent=sent)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers["etag"] == first.headers["etag"] == etag(api)


def test_policies_are_set_over_the_settings_that_were_read(api: ApiBooks) -> None:
    stale, policies = etag(api, POLICIES), json.loads(Path("samples/dunning/strict.json").read_text())
    settings = api.ask("PATCH", "/api/billing/settings", body={"settings": {"footer": "Thank you"}})
    assert settings.headers["etag"] == etag(api, POLICIES) != stale
    for query in ("", "?dry_run=true"):
        assert api.ask("PUT", POLICIES + query, body=policies, sent={"If-Match": stale}).status == 412
    api.proxy.clock.at += timedelta(seconds=1)
    done = api.ask("PUT", POLICIES, body=policies, sent={"If-Match": settings.headers["etag"]})
    assert (done.status, done.headers["etag"]) == (200, etag(api, POLICIES))
    assert api.read(POLICIES)["policies"][0]["suspend_after_days"] == 10


def test_a_customer_follows_a_policy_over_what_was_read_of_it(api: ApiBooks) -> None:
    lumen = "/api/billing/customers/lumen"
    stale, follows = etag(api, lumen), {"segment": "large"}
    assert api.ask("PATCH", lumen, body={"buyer_reference": "PO 7"}).status == 200
    assert api.ask("PUT", f"{lumen}/dunning-policy", body=follows, sent={"If-Match": stale}).status == 412
    assert api.read(lumen)["segment"] == ""
    done = api.ask("PUT", f"{lumen}/dunning-policy", body=follows, sent={"If-Match": etag(api, lumen)})
    assert (done.status, done.headers["etag"]) == (200, etag(api, lumen))
