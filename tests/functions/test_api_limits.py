"""The rest of the manners over HTTP: rates, origins of browsers, ids of requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.api.rate_limits import Rate, RateLimits
from billing.domain.member import Role
from tests.functions.api_door import ApiDoor, running_api_door
from tests.functions.running_door import KEY

ME, MEMBERS = "/api/billing/me", "/api/billing/members"
APP = "https://app.acme.test"
INTERNAL = {"x-internal-key": KEY}


class Stopped:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> int:
        return self.seconds * 1_000_000_000


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiDoor]:
    with running_api_door(tmp_path_factory.mktemp("api"), cors_origins=(APP,)) as door:
        yield door


def test_a_caller_above_the_rate_is_told_when_to_come_again_and_others_notice_nothing(tmp_path: Path) -> None:
    clock = Stopped()
    with running_api_door(tmp_path, limits=RateLimits(caller=Rate(per_second=1, burst=2), clock_ns=clock)) as door:
        busy, quiet = door.key(Role.VIEWER), door.key(Role.VIEWER)
        assert [door.ask("GET", ME, token=busy).status for _ in range(3)] == [200, 200, 429]
        refused = door.ask("GET", ME, token=busy)
        assert (refused.json["code"], refused.headers["retry-after"]) == ("too_many_requests", "1")
        assert door.ask("GET", ME, token=quiet).status == 200
        assert {door.ask("GET", ME, sent=INTERNAL).status for _ in range(5)} == {200}
        clock.seconds = 1
        assert [door.ask("GET", ME, token=busy).status for _ in range(2)] == [200, 429]


def test_a_tenant_s_callers_share_its_rate_and_a_stranger_can_t_use_it_up(tmp_path: Path) -> None:
    limits = RateLimits(tenant=Rate(per_second=1, burst=2), clock_ns=Stopped())
    with running_api_door(tmp_path, limits=limits) as door:
        one, two, other = door.key(Role.VIEWER), door.key(Role.VIEWER), door.key(Role.VIEWER, tenant="umbra")
        assert {door.ask("GET", ME, token=other).status for _ in range(5)} == {403}
        assert {door.ask("GET", ME, token="bk_made.up").status for _ in range(5)} == {401}
        assert [door.ask("GET", ME, token=key).status for key in (one, two, one)] == [200, 200, 429]
        assert door.ask("GET", ME, token=other, tenant="umbra").status == 200


def test_a_configured_page_may_read_answers_and_errors(door: ApiDoor) -> None:
    for sent in (INTERNAL, {}):
        answered = door.ask("GET", ME, sent={"Origin": APP, **sent})
        assert answered.headers["access-control-allow-origin"] == APP
        assert "access-control-allow-credentials" not in answered.headers
        assert {"ETag", "Link", "Content-Disposition"} <= {
            *answered.headers["access-control-expose-headers"].split(", ")
        }


def test_a_page_s_preflight_says_what_it_may_send_and_the_internal_key_is_not_of_it(door: ApiDoor) -> None:
    asks = {"Origin": APP, "Access-Control-Request-Method": "PATCH"}
    named = "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent"
    headers = f"{named}, x-api-key, x-request-id, x-tenant-id"
    allowed = door.ask("OPTIONS", MEMBERS, sent=asks | {"Access-Control-Request-Headers": headers})
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (200, APP)
    refused = door.ask("OPTIONS", MEMBERS, sent=asks | {"Access-Control-Request-Headers": "x-internal-key"})
    assert refused.status == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "https://app.acme.test.evil.test", "http://app.acme.test", "null"]
)
def test_no_other_page_gets_an_answer_that_its_script_can_read(door: ApiDoor, origin: str) -> None:
    assert "access-control-allow-origin" not in door.ask("GET", ME, sent={"Origin": origin, **INTERNAL}).headers


def test_unless_configured_no_page_does(tmp_path: Path) -> None:
    with running_api_door(tmp_path) as door:
        answered = door.ask("GET", ME, sent={"Origin": APP, **INTERNAL})
        assert (answered.status, "access-control-allow-origin" in answered.headers) == (200, False)
        assert door.ask("OPTIONS", ME, sent={"Origin": APP, "Access-Control-Request-Method": "GET"}).status == 405


@pytest.mark.parametrize("given", ["x" * 65, "two words", "<script>", "\xe9"])
def test_a_request_id_that_could_harm_a_log_is_replaced(door: ApiDoor, given: str) -> None:
    answered = door.ask("GET", ME, sent={"X-Request-Id": given, **INTERNAL})
    assert len(answered.headers["x-request-id"]) == 32
    assert answered.headers["x-content-type-options"] == "nosniff"
    assert answered.headers["cache-control"] == "no-store"
