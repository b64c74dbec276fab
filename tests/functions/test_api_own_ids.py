"""Ids that payments and refunds of our own have, or will have, are for nobody else: ours would find theirs taken."""

from collections.abc import Iterator

import pytest

from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_things import things_of

PAYMENTS = "/api/billing/payments"
PAYMENT = {"amount": 100, "currency": "USD", "customer_id": "own-customer", "received_at": "2026-03-01"}
REFUND = {"amount": 10, "refund_to": "balance", "reason": "goodwill"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBooks]:
    with running_api(tmp_path_factory.mktemp("api")) as running:
        things_of(running, "acme", named="own")
        yield running


@pytest.mark.parametrize("ours", ["balance.sub-1.20260301T000000Z.r0", "bank.3f0c", "stripe.pi_1", "inv-1.paid"])
def test_a_payment_by_hand_takes_none_of_ours(api: ApiBooks, ours: str) -> None:
    refused = api.ask("POST", PAYMENTS, body=PAYMENT | {"id": ours})
    assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, ["id"])
    assert "an id of your own" in refused.json["errors"][0]["detail"]
    assert api.ask("GET", f"{PAYMENTS}/{ours}").status == 404


def test_one_that_only_looks_like_them_is_taken(api: ApiBooks) -> None:
    for own in ("balance-1", "mybank.1", "inv-1.paid.late"):
        assert api.ask("POST", PAYMENTS, body=PAYMENT | {"id": own}).json["payment"]["id"] == own


@pytest.mark.parametrize("ours", ["inv-1.c.k1", "inv-1.c.k1.balance", "r1.balance"])
def test_a_refund_by_hand_takes_none_of_a_credit_note_s(api: ApiBooks, ours: str) -> None:
    api.ask("POST", PAYMENTS, body=PAYMENT | {"id": "cheque"})
    refused = api.ask("POST", f"{PAYMENTS}/cheque/refunds", body=REFUND | {"id": ours})
    assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, ["id"])
    assert api.read(f"{PAYMENTS}/cheque")["refunds"] == []
