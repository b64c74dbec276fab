"""The older surface on Firestore and through functions-framework: the same."""

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.tenants import Tenants
from tests.builders import GERMAN_VAT, a_customer, a_tenant
from tests.firestore_emulator import firestore, fresh_project
from tests.functions.laptop import laptop_environment
from tests.functions.running_door import running_door
from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import FIBER

__all__ = ["firestore"]


@pytest.mark.emulator
@pytest.mark.slow
def test_on_firestore_and_through_the_framework_it_is_the_same(tmp_path: Path, firestore: str) -> None:
    project = fresh_project()
    environ = laptop_environment(tmp_path) | {
        "BILLING_STORE": "firestore",
        "FIRESTORE_EMULATOR_HOST": firestore,
        "GOOGLE_CLOUD_PROJECT": project,
    }
    with (
        closing(FirestoreDocuments(project)) as documents,
        running_door(environ, folder=tmp_path, function="api_proxy") as door,
    ):
        _stand_up(documents)
        client = S0Client(send=lambda method, path, body, sent: door.call(method, path=path, body=body, sent=sent))
        due = {**FIBER, "billingCycle": {"type": "monthly", "dayOfMonth": 1, "nextBillingDate": "2026-11-01"}}
        client.posts("", due, status=201)
        client.posts("/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-01-10"}, status=201)

        answer = client.posts("/api/internal/cron/billing")
        assert (answer["invoicesGenerated"], answer["errors"]) == (1, [])
        record = client.posts("/lumen/payments", {"amount": 132.11, "transactionId": "tx-1"}, status=201)

        assert sorted(each["amount"] for each in record["invoices"]) == [50, Decimal("82.11")]
        assert {each["status"] for each in record["invoices"]} == {"paid"}
        assert record["balance"]["current"] == 0
        assert client.calls("PUT", "/lumen", {"balance": {"current": 5}}).status == 409
        assert client.gets("") == [record]


def _stand_up(documents: Documents) -> None:
    tenant = a_tenant()
    documents.commit(
        [
            Tenants(documents).saving(tenant),
            Tenants(documents).saving_taxes(tenant.id, GERMAN_VAT),
            Customers.of(documents, tenant.id).creation(a_customer(id="lumen")),
        ]
    )
