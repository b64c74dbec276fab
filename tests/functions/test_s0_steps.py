"""The daily steps as older clients call them, for one tenant, a list or all."""

import json

import pytest

from tests.builders import utc
from tests.functions.proxy import Proxy
from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import FIBER, client, errors, proxy
from tests.functions.small_tenants import add_tenant

__all__ = ["client", "proxy"]


def test_a_dunning_run_answers_what_it_did_for_whom(proxy: Proxy, client: S0Client) -> None:
    """Due on 25 February, so that 1 March is the third day after the first one overdue: the first reminder."""
    client.posts("", FIBER | {"billingCycle": {"nextBillingDate": "2026-06-01"}}, status=201)
    client.posts("/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-02-25"}, status=201)

    answer = client.posts("/dunning/run")

    assert answer["processed"] == 2
    overdue, detail = answer["details"]
    assert (overdue["action"], overdue["reminderCount"]) == ("overdue", 0)
    assert (detail["customerId"], detail["action"], detail["reminderCount"]) == ("lumen", "reminder", 1)
    dunning = client.gets("/lumen")["dunning"]
    assert (dunning["reminderCount"], dunning["suspendedAt"]) == (1, None)
    assert dunning["lastReminderAt"] is not None

    for day, action in (("2026-03-12", "manual_review"), ("2026-03-19", "suspended")):  # days 14 and 21
        proxy.clock.at = utc(f"{day}T08:00")
        assert client.posts("/dunning/run")["details"][-1]["action"] == action
    dunning = client.gets("/lumen")["dunning"]
    assert dunning["suspendedAt"] is not None
    assert "INV-2026-03-0001" in dunning["suspensionReason"]


def test_with_the_internal_key_the_steps_run_for_all_tenants_without_a_header(proxy: Proxy, client: S0Client) -> None:
    add_tenant(proxy.engine.documents, "other")
    client.posts("", FIBER, status=201)

    answer = client.without("X-Tenant-ID").posts("/generate-invoices")

    assert (answer["tenants"], answer["generated"]) == (2, 2)
    assert {each["tenantId"] for each in answer["invoices"]} == {"acme", "other"}
    assert client.without("X-Tenant-ID").posts("/dunning/run")["tenants"] == 2


def test_a_run_for_all_tenants_may_carry_a_key_and_its_repeat_bills_nothing_twice(
    proxy: Proxy, client: S0Client
) -> None:
    add_tenant(proxy.engine.documents, "other")
    keyed = client.without("X-Tenant-ID").sending(Idempotency_Key="night-1")
    made = []
    for _ in range(2):
        made.append(keyed.posts("/api/internal/cron/billing")["invoicesGenerated"])
        made.append(keyed.posts("/generate-invoices")["generated"])
        assert keyed.posts("/dunning/run")["processed"] == 0
        assert keyed.posts("/api/internal/cron/verify")["complete"] is True
        assert keyed.sending(X_Tenant_ID="acme").posts("/api/internal/cron/verify")["tenants"] == 1
    assert made == [1, 0, 0, 0]
    refused = client.without("X-Tenant-ID").sending(Idempotency_Key="n" * 256).calls("POST", "/generate-invoices")
    assert refused.status == 400


def test_a_run_takes_what_its_function_takes_and_refuses_the_rest(client: S0Client) -> None:
    client.posts("", FIBER, status=201)

    assert client.posts("/generate-invoices", {"dry_run": True})["generated"] == 1
    status, sentence = errors(client.calls("POST", "/generate-invoices", {"dryRun": True}))
    assert (status, sentence.partition(":")[0]) == (422, "dryRun")
    assert client.posts("/generate-invoices")["generated"] == 1


@pytest.mark.parametrize(
    ("header", "body", "tenants"),
    [("acme", None, 1), ("acme, other", None, 2), (None, {"tenantIds": ["other", "acme"]}, 2), (None, None, 3)],
)
def test_the_cron_route_runs_both_steps_for_one_tenant_a_list_or_all(
    proxy: Proxy, client: S0Client, header: str | None, body: object, tenants: int
) -> None:
    for name in ("other", "third"):
        add_tenant(proxy.engine.documents, name)
    client.posts("", FIBER, status=201)
    client.posts("/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-02-25"}, status=201)
    cron = client.without("X-Tenant-ID") if header is None else client.sending(X_Tenant_ID=header)

    answer = cron.posts("/api/internal/cron/billing", body)

    assert answer == {
        "tenants": tenants,
        "invoicesGenerated": tenants,
        "dunningProcessed": 2,  # overdue, and the reminder of its third day
        "complete": True,
        "errors": [],
    }


def test_a_tenant_that_fails_does_not_stop_the_others(proxy: Proxy, client: S0Client) -> None:
    add_tenant(proxy.engine.documents, "other")
    client.posts("", FIBER, status=201)
    cron = client.without("X-Tenant-ID")

    answer = cron.posts("/api/internal/cron/billing", {"tenantIds": ["nowhere", "a/b", "acme", "other"]})

    assert (answer["tenants"], answer["invoicesGenerated"]) == (4, 2)
    assert [(each["tenantId"], each["code"]) for each in answer["errors"]] == [
        ("nowhere", "not_found"),
        ("a/b", "invalid_input"),
    ]
    assert answer["errors"][0]["message"] == "no tenant 'nowhere'"


@pytest.mark.parametrize("body", [{"tenantIds": []}, {"tenantIds": "acme"}, {"tenants": ["acme"]}, [1]])
def test_a_cron_call_that_names_no_list_runs_nothing(client: S0Client, body: object) -> None:
    client.posts("", FIBER, status=201)

    assert client.without("X-Tenant-ID").calls("POST", "/api/internal/cron/billing", body).status == 422

    assert client.gets("/lumen")["invoices"] == []


DEEP = json.loads("[" * 500 + "]" * 500)


@pytest.mark.parametrize(
    "body",
    [
        {"as_of": {"day": []}},
        {"as_of": DEEP},
        {"as_of": 10**30},
        {"as_of": "\ud800"},
        {"as_of": "2026-02-30"},
        {"as_of": None},
        {"dry_run": "yes"},
        {"tenantIds": DEEP},
        {"tenantIds": ["\ud800"]},
        {"\ud800": 1},
    ],
    ids=[
        "object",
        "deep",
        "huge",
        "half a character",
        "no day",
        "null",
        "no flag",
        "deep ids",
        "half an id",
        "half a name",
    ],
)
def test_a_cron_call_that_no_step_could_take_runs_nothing(client: S0Client, body: object) -> None:
    client.posts("", FIBER, status=201)

    assert client.without("X-Tenant-ID").calls("POST", "/api/internal/cron/billing", body).status == 422

    assert client.gets("/lumen")["invoices"] == []
