"""A charge that is under way when it is made, as a bank debit is, until a test says what becomes of it."""

from dataclasses import replace
from typing import Any

from billing.domain.attempt import AttemptStatus
from billing.domain.decline import Advice
from billing.ports import ChargeOrder, ChargeOutcome, Declined, Gateway, GatewayPayment, Pending, Succeeded
from tests.collected_invoice import bills, the_invoice
from tests.collecting import CardWorld


class Slow:
    """A gateway whose payments are under way when they are made, and until `end` says what becomes of them."""

    def __init__(self, inner: Gateway) -> None:
        self.inner = inner
        self.end: ChargeOutcome | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - every other call of the port
        return getattr(self.inner, name)

    def charge(self, order: ChargeOrder) -> ChargeOutcome:
        made = self.inner.charge(order)
        assert isinstance(made, Succeeded)
        return Pending(payment_id=made.payment_id)

    def payment(self, payment_id: str) -> GatewayPayment:
        return replace(self.inner.payment(payment_id), outcome=self.end or Pending(payment_id=payment_id))

    def cancel_payment(self, payment_id: str) -> bool:
        """What is under way at a bank is not cancelled any more."""
        return False

    def succeeds(self, payment_id: str) -> None:
        self.end = self.inner.payment(payment_id).outcome

    def fails(self, payment_id: str) -> None:
        self.end = Declined(
            code="insufficient_funds", advice=Advice.RETRY, message="It was returned.", payment_id=payment_id
        )


def slow(world: CardWorld) -> Slow:
    gateway: Any = Slow(world.stripe.inner)
    world.stripe.inner = gateway
    return gateway


def under_way(world: CardWorld) -> tuple[Slow, str]:
    """An invoice whose charge is under way, and the gateway's id of that."""
    gateway = slow(world)
    world.joins("lumen")
    bills(world)
    [attempt] = the_invoice(world).attempts
    assert (attempt.status, world.sent.sent) == (AttemptStatus.PENDING, [])
    world.stripe.calls.clear()
    return gateway, attempt.payment_id


def nights(world: CardWorld, *days: str) -> None:
    for day in days:
        world.travels_to(day)
        world.runs_billing()
