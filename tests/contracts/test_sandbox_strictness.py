"""What the sandbox refuses, how it pages and expands, and that its answers have the fields of Stripe's own types."""

import http.client
from base64 import b64encode
from typing import ForwardRef, Union, get_args, get_origin

import pytest
import stripe

from billing.sandbox.api import OPERATIONS
from billing.sandbox.expansion import CLASSES
from billing.sandbox.operation import Operation
from billing.sandbox.parameters import permitted
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.sandbox_client import (
    OFF_SESSION,
    USD_10,
    Client,
    Resource,
    StandingClock,
    client_of,
    customer_with,
    error_of,
)


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [  # docs.stripe.com/error-codes
        ({"amount": 1000}, "parameter_missing", "currency"),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({**USD_10, "describe": "x"}, "parameter_unknown", "describe"),
        ({**USD_10, "payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({**USD_10, "shipping": {"name": "A"}}, "parameter_missing", "shipping[address]"),
        ({**USD_10, "amount": "10.00"}, "parameter_invalid_integer", "amount"),
        ({**USD_10, "amount": 10.5}, "parameter_invalid_integer", "amount"),
        ({**USD_10, "amount": 0}, "parameter_invalid_integer", "amount"),
        ({**USD_10, "amount": -5}, "parameter_invalid_integer", "amount"),
        ({**USD_10, "amount": 49}, "amount_too_small", "amount"),
        ({"amount": 29, "currency": "gbp"}, "amount_too_small", "amount"),
        ({"amount": 17499, "currency": "huf"}, "amount_too_small", "amount"),
        ({"amount": 49, "currency": "jpy"}, "amount_too_small", "amount"),
        ({**USD_10, "amount": 100_000_000}, "amount_too_large", "amount"),
        ({**USD_10, "currency": "usx"}, None, "currency"),
        ({**USD_10, "confirm": "yes"}, None, "confirm"),
        ({**USD_10, "setup_future_usage": "someday"}, None, "setup_future_usage"),
        ({**USD_10, "metadata": "x"}, None, "metadata"),
        ({**USD_10, "metadata": {"k" * 41: "x"}}, None, f"metadata[{'k' * 41}]"),
        ({**USD_10, "description": ""}, "parameter_invalid_empty", "description"),
        ({**USD_10, "customer": "cus_none"}, "resource_missing", "customer"),
        ({**USD_10, "payment_method": "pm_card_nothing"}, "resource_missing", "payment_method"),
        ({**USD_10, "off_session": True}, None, "off_session"),
        ({**USD_10, "expand": ["amount"]}, None, "expand"),
        ({**USD_10, "application_fee_amount": 5}, "sandbox_unsupported", "application_fee_amount"),
        ({**USD_10, "capture_method": "manual"}, "sandbox_unsupported", "capture_method"),
    ],
)
def test_a_wrong_parameter_is_refused_and_nothing_is_made(
    client: Client, given: dict, code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.payment_intents.create(given)
    assert (raised.value.http_status, raised.value.code, raised.value.param) == (400, code, param)
    assert error_of(raised).type == "invalid_request_error"
    assert client.v1.payment_intents.list().data == []


def test_the_smallest_amounts_are_taken(client: Client) -> None:
    for amount, currency in ((50, "usd"), (30, "gbp"), (17500, "huf"), (50, "jpy"), (50, "EUR")):
        assert client.v1.payment_intents.create({"amount": amount, "currency": currency}).amount == amount


def test_an_unknown_field_inside_another_is_named_by_its_path(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.customers.create({"address": {"street": "x"}})
    assert (raised.value.code, raised.value.param) == ("parameter_unknown", "address[street]")


def test_several_unknown_parameters_are_named_together(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameters: foo, bar"):
        client.v1.customers.create({"foo": "1", "bar": "2"})


@pytest.mark.parametrize(
    "retrieve",
    ["customers", "payment_methods", "payment_intents", "setup_intents", "charges", "refunds", "disputes", "events"],
)
def test_an_unknown_id_is_not_found(client: Client, retrieve: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such") as raised:
        getattr(client.v1, retrieve).retrieve("xx_none")
    assert (raised.value.http_status, raised.value.code) == (404, "resource_missing")


def test_one_accounts_objects_are_unknown_to_another(sandbox: RunningSandbox) -> None:
    mine, other = client_of(sandbox), client_of(sandbox)
    customer = mine.v1.customers.create().id
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        other.v1.customers.retrieve(customer)
    assert other.v1.events.list().data == []


@pytest.mark.parametrize("key", ["sk_live_abc", "pk_test_abc", "nonsense"])
def test_a_key_that_is_no_test_key_is_not_let_in(sandbox: RunningSandbox, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as raised:
        client_of(sandbox, key=key).v1.customers.list()
    assert raised.value.http_status == 401


def test_a_call_without_a_key_is_not_let_in_and_basic_will_do(sandbox: RunningSandbox) -> None:
    assert call(sandbox, {}) == 401
    assert call(sandbox, {"Authorization": "Bearer sk_test_x"}) == 200
    assert call(sandbox, {"Authorization": f"Basic {b64encode(b'sk_test_x:').decode()}"}) == 200
    assert call(sandbox, {"Authorization": "Basic ***"}) == 401


def test_another_version_another_account_and_another_host_are_refused(sandbox: RunningSandbox) -> None:
    key = {"Authorization": "Bearer sk_test_x"}
    assert call(sandbox, key | {"Stripe-Version": "2020-08-27"}) == 400
    assert call(sandbox, key | {"Stripe-Account": "acct_1"}) == 400
    assert call(sandbox, key | {"Host": "sandbox.example.com"}) == 403
    assert call(sandbox, key | {"Host": "localhost:80"}) == 200


def test_an_address_that_is_none_of_the_api_is_not_found(client: Client, sandbox: RunningSandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as raised:
        client.v1.invoices.list()
    assert raised.value.http_status == 404
    assert call(sandbox, {"Authorization": "Bearer sk_test_x"}, method="PUT") == 404


def test_lists_are_paged_newest_first(client: Client) -> None:
    made = [client.v1.customers.create().id for _ in range(12)][::-1]
    first = client.v1.customers.list()
    assert ([each.id for each in first.data], first.has_more) == (made[:10], True)
    second = client.v1.customers.list({"starting_after": made[9], "limit": 2})
    assert ([each.id for each in second.data], second.has_more) == (made[10:], False)
    back = client.v1.customers.list({"ending_before": made[6], "limit": 3})
    assert ([each.id for each in back.data], back.has_more) == (made[3:6], True)
    assert [each.id for each in client.v1.customers.list({"limit": 5}).auto_paging_iter()] == made
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.customers.list({"starting_after": "cus_none"})
    assert raised.value.param == "starting_after"
    for limit in (0, 101):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.customers.list({"limit": limit})


def test_lists_are_chosen_by_when_things_were_made() -> None:
    with running_sandbox(clock=StandingClock()) as sandbox:
        client = client_of(sandbox)
        early = client.v1.customers.create()
        sandbox.control("POST", "clock", {"advance": 60})
        late = client.v1.customers.create()
        assert late.created == early.created + 60
        for bounds, expected in (
            ({"gt": early.created}, [late.id]),
            ({"gte": early.created}, [late.id, early.id]),
            ({"lt": late.created}, [early.id]),
            ({"lte": early.created}, [early.id]),
            (late.created, [late.id]),
        ):
            assert [each.id for each in client.v1.customers.list({"created": bounds}).data] == expected


def test_payment_intents_are_listed_by_customer(client: Client) -> None:
    customer, method = customer_with(client)
    mine = client.v1.payment_intents.create(
        {**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method}
    ).id
    client.v1.payment_intents.create(USD_10)
    page = client.v1.payment_intents.list({"customer": customer, "expand": ["data.latest_charge", "data.customer"]})
    assert [(each.id, each.latest_charge.status, each.customer.email) for each in page.data] == [
        (mine, "succeeded", "ap@acme.test")
    ]


@pytest.mark.parametrize("path", ["nothing", "metadata", "status", "customer.nothing", "data.customer", "a.b.c.d.e"])
def test_what_cannot_be_expanded_is_refused(client: Client, path: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.payment_intents.create({**USD_10, "expand": [path]})
    assert raised.value.param == "expand"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_each_operation_honours_parameters_that_stripe_has(operation: Operation) -> None:
    assert set(operation.honours.split()) <= set(permitted(operation.takes))


def test_every_answer_has_the_fields_of_the_librarys_types_and_no_others(
    client: Client, sandbox: RunningSandbox
) -> None:
    seen = set()
    for answer in one_of_each(client, sandbox):
        cls = CLASSES[answer["object"]]
        seen.add(answer["object"])
        declared = {name: hint for name, hint in cls.__annotations__.items() if name != "OBJECT_NAME"}
        needed = {name for name, hint in declared.items() if not _may_be_absent(hint)}
        assert set(answer) <= set(declared), answer["object"]
        assert needed <= set(answer), answer["object"]
    assert seen == set(CLASSES)


def one_of_each(client: Client, sandbox: RunningSandbox) -> list[Resource]:
    customer, method = customer_with(client, "pm_card_createDispute")
    client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method})
    good = client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": "pm_card_visa"})
    client.v1.refunds.create({"payment_intent": good.id})
    client.v1.setup_intents.create()
    back = {"success_url": "https://shop.test"}
    client.v1.checkout.sessions.create({"mode": "setup", "currency": "eur", **back})
    client.v1.webhook_endpoints.create({"url": f"{sandbox.url}/nobody", "enabled_events": ["payment_intent.created"]})
    services = [
        "balance_transactions",
        "charges",
        "customers",
        "disputes",
        "events",
        "payment_intents",
        "payment_methods",
        "refunds",
        "setup_intents",
        "webhook_endpoints",
    ]
    lists = [getattr(client.v1, name).list() for name in services] + [client.v1.checkout.sessions.list()]
    return [each.to_dict() for page in lists for each in page.data]


def _may_be_absent(hint: object) -> bool:
    options = get_args(hint) if get_origin(hint) is Union else (hint,)
    return type(None) in options or any(isinstance(each, ForwardRef) and len(options) == 1 for each in options)


def call(sandbox: RunningSandbox, headers: dict[str, str], *, method: str = "GET") -> int:
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, "/v1/customers", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()
