"""One card that pays, and then goes bad: the real stripe library against a sandbox in this process."""

import stripe

from billing.adapters.system_clock import SystemClock
from billing.sandbox.server import running_sandbox

with running_sandbox(clock=SystemClock()) as sandbox:
    client = stripe.StripeClient("sk_test_any", base_addresses={"api": sandbox.url})
    customer = client.v1.customers.create({"email": "ap@acme.test"})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    payment = {
        "amount": 31291,
        "currency": "usd",
        "customer": customer.id,
        "payment_method": card.id,
        "off_session": True,
        "confirm": True,
    }
    print(client.v1.payment_intents.create(payment, {"idempotency_key": "invoice-47"}).status)
    sandbox.control("POST", f"payment_methods/{card.id}/decline", {"code": "insufficient_funds"})
    try:
        client.v1.payment_intents.create(payment)
    except stripe.CardError as refusal:
        print(refusal.code, refusal.error.decline_code, refusal.error.payment_intent.status)
