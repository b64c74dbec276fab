"""What keeps a payment gateway from doing what it is asked, apart from what a bank says of a card."""

from typing import ClassVar

from billing.domain.errors import BillingError, Unavailable


class BadSignature(BillingError):
    """An event that the gateway did not sign, or not lately. `reason` is for our log alone."""

    code: ClassVar[str] = "bad_signature"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__("the signature is missing, wrong or too old")


class GatewayUnavailable(Unavailable):
    """The gateway did not answer; the same call with the same key is safe."""

    code: ClassVar[str] = "gateway_unavailable"

    def __init__(self, gateway: str, *, reason: str) -> None:
        self.gateway = gateway
        self.reason = reason
        super().__init__(f"{gateway} did not answer: {reason}")


class GatewayRefused(Unavailable):
    """The gateway refused the request itself (not the card): our request or its account settings are wrong."""

    code: ClassVar[str] = "gateway_refused"
    retryable: ClassVar[bool] = False

    def __init__(self, gateway: str, *, reason: str) -> None:
        self.gateway = gateway
        self.reason = reason
        super().__init__(f"{gateway} refused: {reason}")


class NotAtGateway(GatewayRefused):
    """The gateway's account has nothing by that id: another account, which the tenant had before, began it."""


class RefundRefused(GatewayRefused):
    """This payment can't be refunded at the gateway: nothing was given back, and asking again would not help."""

    code: ClassVar[str] = "refund_refused"
