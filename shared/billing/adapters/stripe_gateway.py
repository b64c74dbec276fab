"""Stripe as the gateway, by its own library at the API version that the library pins.

Every request that changes something carries an idempotency key of ours, so the library may repeat it. Stripe forgets
keys after a day at the earliest, so our key also stands in the metadata: what was sent long ago is found by it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import stripe

from billing.adapters.stripe_amounts import minor_amount, stripe_amount
from billing.adapters.stripe_customers import is_deleted, kept_customer
from billing.adapters.stripe_earlier import charge_with_key, customer_with_key, money_for_invoice
from billing.adapters.stripe_limits import in_metadata, once
from billing.adapters.stripe_outcomes import (
    checkout_of,
    declined,
    disputes_of,
    metadata_of,
    method_of,
    outcome_of,
    part_text,
    refund_of,
)
from billing.adapters.stripe_refusals import refund_amount, refusal_of, refused_amount, refused_charge
from billing.domain.errors import InvalidInput
from billing.ports import (
    ChargeOrder,
    ChargeOutcome,
    Checkout,
    CheckoutOrder,
    CheckoutPurpose,
    GatewayPayment,
    GatewayRefund,
    GatewayRefused,
    GatewayUnavailable,
    RefundOrder,
    RefundRefused,
    SavedMethod,
    Unknown,
)
from billing.ports.trace import span

if TYPE_CHECKING:
    from stripe.params import CustomerUpdateParams, PaymentIntentCreateParams, RefundCreateParams
    from stripe.params.checkout import SessionCreateParams

_RETRIES = 2
_PAGE = 100
_UNANSWERED = (stripe.APIConnectionError, stripe.RateLimitError)
_LOCALES = frozenset(
    "bg cs da de el en es et fi fil fr hr hu id it ja ko lt lv ms mt nb nl pl pt ro ru sk sl sv th tr vi zh".split()  # noqa: SIM905
)


class StripeGateway:
    """One Stripe account. `base_url` is a stand-in's address on this machine, None the real one.

    With `looks_first` each charge and customer is looked for before it is made: Stripe keeps an idempotency key
    for a day only, and documents that were restored from a backup know nothing of what was made after it.
    """

    name = "stripe"

    def __init__(
        self, api_key: str, *, base_url: str | None = None, timeout_seconds: int = 30, looks_first: bool = False
    ) -> None:
        self.looks_first = looks_first
        self._stripe = stripe.StripeClient(
            api_key,
            base_addresses={"api": base_url} if base_url else None,
            max_network_retries=_RETRIES,
            http_client=stripe.RequestsClient(timeout=timeout_seconds),
        ).v1

    @span("gateway.save_customer")
    def save_customer(self, *, key: str, customer_id: str, email: str, name: str, known: str) -> str:
        """The Stripe customer's id, `cus_...`; another one than `known` where somebody deleted that."""
        said: CustomerUpdateParams = {"name": name, "metadata": {"customer_id": customer_id, "key": key}}
        if email:  # Stripe takes no empty one
            said["email"] = email
        with self._failures_named():
            return kept_customer(self._stripe, key=key, said=said, known=known, looks_first=self.looks_first)

    def find_customer(self, *, key: str, email: str) -> str:
        """The Stripe customer's id, looked for among all of that address."""
        with self._failures_named():
            return customer_with_key(self._stripe, key=key, email=email)

    def saved_method(self, customer: str) -> SavedMethod | None:
        """The customer's default payment method."""
        with self._failures_named():
            found = self._stripe.customers.retrieve(customer, {"expand": ["invoice_settings.default_payment_method"]})
            settings = None if is_deleted(found) else found.invoice_settings
            return None if settings is None else method_of(settings.default_payment_method)

    def save_method(self, customer: str, *, method: str, key: str) -> SavedMethod:
        """Attach `pm_...` to the customer and charge it from now on."""
        with self._failures_named():
            attached = self._stripe.payment_methods.attach(method, {"customer": customer}, once(key))
            self._stripe.customers.update(customer, {"invoice_settings": {"default_payment_method": attached.id}})
            saved = method_of(attached)
            assert saved is not None  # noqa: S101 - it was answered whole
            return saved

    @span("gateway.charge")
    def charge(self, order: ChargeOrder) -> ChargeOutcome:
        """Confirm a payment intent off session; https://docs.stripe.com/payments/save-and-reuse#charge-saved."""
        try:
            made = self.find_charge(order) if self.looks_first else None
        except GatewayUnavailable as error:
            return Unknown(reason=error.reason)
        return made or self._charge(order)

    def _charge(self, order: ChargeOrder) -> ChargeOutcome:
        try:
            amount = stripe_amount(order.amount, order.currency)
        except InvalidInput as error:
            return refused_amount(str(error))
        params: PaymentIntentCreateParams = {
            "amount": amount,
            "currency": order.currency.lower(),
            "customer": order.customer,
            "payment_method": order.method,
            "off_session": True,
            "confirm": True,
            "description": order.description,
            "metadata": _metadata(order),
            "expand": ["payment_method"],
        }
        try:
            return outcome_of(self._stripe.payment_intents.create(params, once(order.key)))
        except stripe.CardError as error:
            intent = error.error.payment_intent if error.error else None
            return declined(error.error, payment_id=intent.id if intent else "")
        except stripe.InvalidRequestError as error:
            if (refused := refused_charge(error, message=_words(error))) is not None:
                return refused
            raise GatewayRefused(self.name, reason=_words(error)) from error
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            raise GatewayRefused(self.name, reason=_words(error)) from error
        except stripe.StripeError as error:  # no answer, a 5xx, or the same key still at work: nobody knows
            return Unknown(reason=_words(error))

    @span("gateway.find_charge")
    def find_charge(self, order: ChargeOrder) -> ChargeOutcome | None:
        """Look through the customer's payment intents."""
        with self._failures_named():
            intent = charge_with_key(self._stripe, order)
            return None if intent is None else outcome_of(intent)

    @span("gateway.paid_before")
    def paid_before(self, order: ChargeOrder) -> tuple[str, ...]:
        """The customer's payment intents for the invoice."""
        with self._failures_named():
            return money_for_invoice(self._stripe, order)

    @span("gateway.payment")
    def payment(self, payment_id: str) -> GatewayPayment:
        """A payment intent with its refunds and disputes."""
        with self._failures_named():
            intent = self._stripe.payment_intents.retrieve(payment_id, {"expand": ["payment_method"]})
            refunds = self._stripe.refunds.list({"payment_intent": payment_id, "limit": _PAGE})
            disputes = self._stripe.disputes.list({"payment_intent": payment_id, "limit": _PAGE})
            return GatewayPayment(
                id=intent.id,
                outcome=outcome_of(intent),
                amount=minor_amount(intent.amount, intent.currency),
                currency=intent.currency.upper(),
                customer=str(intent.customer or ""),
                refunds=tuple(refund_of(each) for each in refunds.auto_paging_iter()),
                disputes=disputes_of(disputes.auto_paging_iter(), intent),
                metadata=metadata_of(intent),
                created_at=datetime.fromtimestamp(intent.created, UTC),
            )

    def cancel_payment(self, payment_id: str) -> bool:
        """Cancel a payment intent."""
        with self._failures_named():
            try:
                self._stripe.payment_intents.cancel(payment_id)
            except stripe.InvalidRequestError as error:
                if error.code != "payment_intent_unexpected_state":
                    raise
                return self._stripe.payment_intents.retrieve(payment_id).status == "canceled"
            return True

    @span("gateway.refund")
    def refund(self, order: RefundOrder) -> GatewayRefund:
        """Refund a payment intent, whole or in part; RefundRefused where Stripe never will."""
        with self._failures_named():
            intent = self._stripe.payment_intents.retrieve(order.payment_id)
            reason, part = in_metadata(order.reason), part_text(order.invoice_id)
            params: RefundCreateParams = {
                "payment_intent": order.payment_id,
                "amount": refund_amount(order.amount, intent.currency.upper(), gateway=self.name),
                "metadata": {"key": order.key, "reason": reason, "part": part},
            }
            try:
                return refund_of(self._stripe.refunds.create(params, once(order.key)))
            except stripe.InvalidRequestError as error:  # refunded already, disputed, too long ago
                raise RefundRefused(self.name, reason=_words(error)) from error

    @span("gateway.open_checkout")
    def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """Make a Checkout session: to pay one invoice, or to save a card."""
        with self._failures_named():
            return checkout_of(self._stripe.checkout.sessions.create(_session(order), once(order.key)))

    def checkout(self, checkout_id: str) -> Checkout:
        """A Checkout session with what it saved."""
        with self._failures_named():
            expand = {"expand": ["setup_intent.payment_method"]}
            return checkout_of(self._stripe.checkout.sessions.retrieve(checkout_id, expand))  # type: ignore[arg-type]

    def expire_checkout(self, checkout_id: str) -> Checkout:
        """Expire a Checkout session; one that is complete or expired already is answered as it stands."""
        with self._failures_named():
            try:
                return checkout_of(self._stripe.checkout.sessions.expire(checkout_id))
            except stripe.InvalidRequestError:
                session = self.checkout(checkout_id)
                if session.status == "open":
                    raise
                return session

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except _UNANSWERED as error:
            raise GatewayUnavailable(self.name, reason=_words(error)) from error
        except (
            stripe.InvalidRequestError,
            stripe.AuthenticationError,
            stripe.PermissionError,
            stripe.CardError,
        ) as error:
            raise refusal_of(error)(self.name, reason=_words(error)) from error
        except stripe.StripeError as error:
            refused = isinstance(error, stripe.IdempotencyError) and error.http_status == HTTPStatus.BAD_REQUEST
            raise (GatewayRefused if refused else GatewayUnavailable)(self.name, reason=_words(error)) from error


def _metadata(order: ChargeOrder) -> dict[str, str]:
    return {
        "tenant_id": order.tenant_id,
        "invoice_id": order.invoice_id,
        "invoice_number": order.invoice_number,
        "attempt": str(order.attempt),
        "key": order.key,
    }


def _session(order: CheckoutOrder) -> "SessionCreateParams":
    metadata = {
        "tenant_id": order.tenant_id,
        "customer_id": order.customer_id,
        "invoice_id": order.invoice_id,
        "key": order.key,
    }
    language = order.locale.partition("_")[0].partition("-")[0]
    session: Any = {
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "locale": language if language in _LOCALES else "auto",
        "metadata": metadata,
    }
    if order.customer:
        session["customer"] = order.customer
    elif order.email:
        session["customer_email"] = order.email
    if order.purpose is CheckoutPurpose.SAVE_METHOD:
        return session | {  # type: ignore[no-any-return]
            "mode": "setup",
            "allowed_payment_method_types": ["card"],
            "currency": order.currency.lower(),
            "setup_intent_data": {"metadata": metadata},
        }
    price = {
        "currency": order.currency.lower(),
        "unit_amount": stripe_amount(order.amount, order.currency),
        "product_data": {"name": order.invoice_number},
    }
    return session | {  # type: ignore[no-any-return]
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "payment_intent_data": {"metadata": metadata, "description": order.invoice_number},
    }


def _words(error: stripe.StripeError) -> str:
    """What Stripe says, and masks keys in. Without an answer its library quotes the address asked, e-mail and all."""
    if isinstance(error, stripe.APIConnectionError):
        return f"no answer from Stripe ({type(error.__cause__ or error).__name__})"
    return error.user_message or str(error) or type(error).__name__
