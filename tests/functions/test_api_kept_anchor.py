"""Another interval over the API: the anchor restarts, or is kept where the body says so, previewed and changed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_things import things_of

API = "/api/billing"
CHANGE = {"plan": "year@1", "at": "2026-03-11"}


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBooks]:
    """A subscription of 31.00 a month in arrears since 1 March 2026, and a plan of 365.00 a year in advance."""
    with running_api(tmp_path_factory.mktemp("api")) as running:
        things_of(running, "acme", named="own")
        for plan_id, unit, price in (("month", "month", "31"), ("year", "year", "365"), ("week", "week", "7")):
            in_arrears = {"unit": unit, "billed": "in_arrears", "anchor_day": 1}
            cycle = in_arrears if unit == "month" else {"unit": unit, "billed": "in_advance"}
            fees = [{"fee_id": "fee", "name": "Fee", "price": price}]
            body = {"plan_id": plan_id, "name": plan_id, "currency": "USD", "cycle": cycle, "fees": fees}
            asked(running, "plans", body)
        opened = {"id": "s-1", "customer_id": "own-customer", "plan": "month@1", "start": "2026-03-01"}
        asked(running, "subscriptions", opened | {"backdated": True})
        yield running


def asked(api: ApiBooks, path: str, body: object, *, status: int | None = None) -> Any:  # noqa: ANN401 - JSON
    answered = api.ask("POST", f"{API}/{path}", body=body)
    assert answered.status in ((200, 201) if status is None else (status,)), answered.body
    return answered.json


def test_a_preview_charges_a_whole_year_or_what_is_left_until_the_anchor(api: ApiBooks) -> None:
    bills = {
        anchor: asked(api, "subscriptions/s-1/preview", {"change": "plan", **CHANGE} | anchored)["bills"][0]
        for anchor, anchored in (("", {}), ("restart", {"anchor": "restart"}), ("keep", {"anchor": "keep"}))
    }
    # 10 of 31 days of 31.00, with a whole year, or with 355 of the 365 days until 1 March 2027
    totals = {anchor: bill["invoice"]["subtotal"] for anchor, bill in bills.items()}
    assert totals == {"": 37500, "restart": 37500, "keep": 36500}


def test_the_change_is_made_once_and_an_anchor_that_can_not_be_is_refused(api: ApiBooks) -> None:
    refused = asked(api, "subscriptions/s-1/plan", CHANGE | {"plan": "week@1", "anchor": "keep"}, status=422)
    assert "anchor: expected restart, as week@1 is billed by the week" in str(refused)
    assert len(api.read(f"{API}/subscriptions/s-1")["phases"]) == 1
    for _ in range(2):
        changed = asked(api, "subscriptions/s-1/plan", CHANGE | {"anchor": "keep"})
        assert [phase["plan"] for phase in changed["subscription"]["phases"]] == ["month@1", "year@1"]
    assert asked(api, "subscriptions/s-1/plan", CHANGE | {"anchor": "move"}, status=422)
