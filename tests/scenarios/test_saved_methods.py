"""A customer's card is known by name, and every change of it is told once."""

from collections.abc import Iterator

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.errors import NotFound
from billing.ports import SavedMethod
from billing.sandbox.server import running_sandbox
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.saved_methods import customer_at_gateway, keep_saved_method
from tests.sandbox_client import StandingClock
from tests.world import World

VISA = SavedMethod(id="pm_1", brand="visa", last4="4242")


@pytest.fixture
def gateway() -> Iterator[StripeGateway]:
    with running_sandbox(clock=StandingClock()) as sandbox:
        yield StripeGateway("sk_test_methods", base_url=sandbox.url)


@pytest.fixture
def world() -> World:
    world = World()
    world.customer("acme")
    return world


def call(world: World) -> Call:
    return Call(tenant_id=world.tenant.id, actor="webhook", recorded_at=world.now)


def known(world: World) -> tuple[str, str, str]:
    [stored] = Customers.of(world.documents, world.tenant.id).get(["acme"])
    assert stored is not None
    return stored.value.gateway_id, stored.value.payment_method_id, stored.value.payment_method


def test_a_customer_is_made_at_the_gateway_once(world: World, gateway: StripeGateway) -> None:
    first = customer_at_gateway(world.documents, gateway, "acme", call=call(world))
    assert customer_at_gateway(world.documents, gateway, "acme", call=call(world)) == first
    assert known(world) == (first, "", "")
    assert len(world.collection("audit")) == 1


def test_a_saved_card_is_kept_by_its_label_and_told_once(world: World) -> None:
    assert keep_saved_method(world.documents, "acme", VISA, gateway_id="cus_1", call=call(world))
    assert not keep_saved_method(world.documents, "acme", VISA, gateway_id="cus_1", call=call(world))
    assert known(world) == ("cus_1", "pm_1", "Visa •••• 4242")
    world.travels_to("2026-03-02")
    assert keep_saved_method(world.documents, "acme", None, gateway_id="cus_1", call=call(world))
    assert known(world) == ("cus_1", "", "")


def test_nobody_s_card_is_not_kept(world: World) -> None:
    with pytest.raises(NotFound, match="customer 'nobody'"):
        keep_saved_method(world.documents, "nobody", VISA, gateway_id="cus_1", call=call(world))
