"""A change over HTTP goes to the version that its caller has read, or it does not happen: subscriptions, settings..."""

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.coupon import Coupon
from billing.domain.member import Role
from billing.ports import Documents, Update, Write
from billing.store.coupons import Coupons
from billing.store.tenants import Tenants
from tests.builders import a_fee, a_plan
from tests.functions.api_books import ApiBooks, running_api
from tests.watched_documents import WatchedDocuments

SUBSCRIPTION = "/api/billing/subscriptions/s-1"
POLICIES = "/api/billing/dunning/policies"
SETTINGS = "/api/billing/settings"
LUMEN = "/api/billing/customers/lumen"
TEMPLATE = "/api/billing/mail-templates/receipt/en"
STRICT = json.loads(Path("samples/dunning/strict.json").read_text())
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

OVER_READ: tuple[tuple[str, str, object, str], ...] = (
    ("PATCH", SETTINGS, {"settings": {"footer": "Thank you"}}, SETTINGS),
    ("PUT", POLICIES, STRICT, POLICIES),
    ("PUT", f"{LUMEN}/dunning-policy", {"segment": "large"}, LUMEN),
    ("PATCH", LUMEN, {"buyer_reference": "PO 7"}, LUMEN),
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
    stale = etag(api, POLICIES)
    settings = api.ask("PATCH", SETTINGS, body={"settings": {"footer": "Thank you"}})
    assert settings.headers["etag"] == etag(api, POLICIES) != stale
    for query in ("", "?dry_run=true"):
        assert api.ask("PUT", POLICIES + query, body=STRICT, sent={"If-Match": stale}).status == 412
    done = api.ask("PUT", POLICIES, body=STRICT, sent={"If-Match": settings.headers["etag"]})
    assert (done.status, done.headers["etag"]) == (200, etag(api, POLICIES))
    assert api.read(POLICIES)["policies"][0]["suspend_after_days"] == 10


def test_policies_that_were_read_can_be_sent_back_as_they_are(api: ApiBooks) -> None:
    assert api.ask("PUT", POLICIES, body=STRICT).status == 200
    read = api.read(POLICIES)
    back = api.ask("PUT", POLICIES, body=read, sent={"If-Match": etag(api, POLICIES)})
    assert (back.status, back.json["changed"], back.json["dunning"]) == (200, [], read)


def test_a_customer_follows_a_policy_over_what_was_read_of_it(api: ApiBooks) -> None:
    stale, follows = etag(api, LUMEN), {"segment": "large"}
    assert api.ask("PATCH", LUMEN, body={"buyer_reference": "PO 7"}).status == 200
    assert api.ask("PUT", f"{LUMEN}/dunning-policy", body=follows, sent={"If-Match": stale}).status == 412
    assert api.read(LUMEN)["segment"] == ""
    done = api.ask("PUT", f"{LUMEN}/dunning-policy", body=follows, sent={"If-Match": etag(api, LUMEN)})
    assert (done.status, done.headers["etag"]) == (200, etag(api, LUMEN))


def test_what_its_reader_has_already_is_not_sent_again(api: ApiBooks) -> None:
    for path in (SUBSCRIPTION, SETTINGS, POLICIES, LUMEN, TEMPLATE):
        tag = etag(api, path)
        for known in (tag, f"W/{tag}", f'"another", {tag}', "*"):
            for method in ("GET", "HEAD"):
                again = api.ask(method, path, sent={"If-None-Match": known})
                assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag), (path, known)
        for sent in ({"If-None-Match": '"another"'}, {"If-None-Match": ""}, {"If-Match": f'"another", {tag}'}):
            assert api.ask("GET", path, sent=sent).status == 200
        assert api.ask("GET", path, sent={"If-Match": '"another"'}).status == 412
    assert api.ask("GET", "/api/billing/subscriptions", sent={"If-None-Match": "*", "If-Match": '"a"'}).status == 200


def test_what_must_not_stand_yet_is_written_over_nothing(api: ApiBooks) -> None:
    draft, anew = "/api/billing/plan-drafts/seats", {"If-None-Match": "*"}
    first = api.ask("PUT", draft, body={"name": "First"}, sent=anew)
    assert first.status == 200
    for known in ("*", first.headers["etag"], f"W/{first.headers['etag']}"):
        refused = api.ask("PUT", draft, body={"name": "Second"}, sent={"If-None-Match": known})
        assert (refused.status, refused.json["code"]) == (412, "precondition_failed")
        assert "If-None-Match" in refused.json["detail"]
    assert api.read(draft)["plan"] == {"name": "First"}
    for method, path, body, _ in OVER_READ:
        before = api.read(LUMEN), api.read(SETTINGS), api.read(POLICIES)
        assert api.ask(method, path, body=body, sent=anew).status == 412, path
        assert (api.read(LUMEN), api.read(SETTINGS), api.read(POLICIES)) == before
    assert api.ask("PUT", draft, body={"name": "Second"}, sent={"If-None-Match": '"another"'}).status == 200


def test_a_header_in_several_lines_is_one_list(api: ApiBooks) -> None:
    wanted, tag = b'{"quantities": {"seat": 2}}', etag(api)
    for lines, status in (([tag[:-1] + 'x"', '"b"'], 412), (['"a"', tag], 200)):
        with closing(http.client.HTTPConnection("127.0.0.1", api.proxy.port, timeout=60)) as connection:
            connection.putrequest("POST", f"{SUBSCRIPTION}/items")
            connection.putheader("Authorization", f"Bearer {api.keys['acme', Role.ADMIN]}")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(wanted)))
            for each in lines:
                connection.putheader("If-Match", each)
            connection.endheaders(wanted)
            assert connection.getresponse().status == status


def test_a_key_is_revoked_and_a_service_given_back_over_what_was_read_alone(api: ApiBooks) -> None:
    keys = "/api/billing/api-keys"
    made = api.ask("POST", keys, body={"name": "till", "role": "viewer"})
    [revoke, restore] = f"{keys}/{made.json['id']}/revoke", f"{LUMEN}/restore"
    for path, body, tag in ((revoke, None, made.headers["etag"]), (restore, {"reason": "paid"}, etag(api, LUMEN))):
        assert api.ask("POST", path, body=body, sent={"If-Match": '"another"'}).status == 412
        assert api.ask("POST", path, body=body, sent={"If-Match": tag}).status == 200


def test_an_invoice_is_decided_on_over_what_was_read_of_it_alone(api: ApiBooks) -> None:
    assert api.ask("PATCH", SETTINGS, body={"settings": {"mail_sender": "billing@acme.test"}}).status == 200
    invoices, why = "/api/billing/invoices", {"reason": "agreed"}
    wanted = {"customer_id": "lumen", "lines": [{"description": "Setup", "unit_price": "20.00"}], "draft": True}
    drafts = [api.ask("POST", invoices, body=wanted).json["invoice"]["id"] for _ in range(2)]
    issued = f"{invoices}/INV-2026-02-0001"
    actions = (
        (f"{invoices}/{drafts[0]}", "approve", None),
        (f"{invoices}/{drafts[1]}", "reject", why),
        (issued, "send", None),
        (issued, "write-off", why),
        (f"{invoices}/{drafts[0]}", "void", why),
        (f"{invoices}/{drafts[0]}", "reissue", None),
    )
    for path, action, body in actions:
        before, tag = api.read(path), etag(api, path)
        refused = api.ask("POST", f"{path}/{action}", body=body, sent={"If-Match": '"another"'})
        assert (action, refused.status, refused.json["code"]) == (action, 412, "precondition_failed")
        assert (api.read(path), etag(api, path)) == (before, tag)
        done = api.ask("POST", f"{path}/{action}", body=body, sent={"If-Match": tag})
        assert done.status in (200, 201), (action, done.body)


@pytest.mark.parametrize(("method", "path", "body", "shown"), OVER_READ)
def test_what_somebody_else_writes_just_after_is_not_taken_for_what_the_answer_says(
    tmp_path: Path, method: str, path: str, body: object, shown: str
) -> None:
    with closing(SqliteDocuments(tmp_path / "watched.sqlite")) as documents:
        somebody = _Next(documents)
        with running_api(tmp_path, documents=WatchedDocuments(documents, after=somebody)) as api:
            somebody.waits = True
            done = api.ask(method, path, body=body)
            assert (done.status, somebody.waits) == (200, False)
            tag, now = done.headers["etag"], etag(api, shown)
            told = json.loads(done.body)
            assert (tag == now) is ("theirs" in json.dumps(told)), "the ETag is of what the body says"
            again = api.ask(method, path, body=body, sent={"If-Match": tag})
            assert again.status == (200 if tag == now else 412)


class _Next:
    """Somebody who, once, changes the tenant's settings and lumen just after a commit about either."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.waits = False

    def __call__(self, writes: Sequence[Write]) -> None:
        about = {"tenants/acme", "tenants/acme/customers/lumen"} & {each.path for each in writes}
        if self.waits and about:
            self.waits = False
            tenant = Tenants(self._documents).get("acme")
            self._documents.commit(
                [
                    Tenants(self._documents).saving(replace(tenant, support_email="theirs@acme.test")),
                    Update("tenants/acme/customers/lumen", {"locale": "theirs"}),
                ]
            )
