"""A client of the older surface and the proxy that it calls, on 1 March 2026; what it sends for a monthly service."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.builders import a_party, a_tenant
from tests.functions.proxy import Proxy, running_proxy
from tests.functions.running_door import Answered
from tests.functions.s0_client import S0Client

FIBER = {
    "customerId": "lumen",
    "servicePlan": {"planName": "fiber", "monthlyFee": 49.00, "setupFee": 20, "prorationEnabled": True},
    "billingCycle": {"type": "monthly", "dayOfMonth": 1, "nextBillingDate": "2026-03-01T00:00:00.000Z"},
    "sla": {"responseTimeHours": 4, "uptimePercent": 99.9},
}
NUMBER = "INV-2026-03-0001"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """The proxy on 1 March 2026 with the customer `lumen`, who has no service and pays 19 % of VAT."""
    with running_proxy(tmp_path, tenant=a_tenant(mail_sender="billing@acme.test")) as running:
        running.world.customer("lumen", party=a_party(email="ap@lumen.test"))
        yield running


@pytest.fixture
def client(proxy: Proxy) -> S0Client:
    def send(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answered:
        return proxy.call(method, path, body=body, sent=headers)

    return S0Client(send=send)


def errors(answered: Answered) -> tuple[int, str]:
    assert answered.headers["content-type"] == "application/problem+json"
    return answered.status, answered.json["error"]
