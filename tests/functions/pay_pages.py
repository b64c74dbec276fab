"""What a reader sees of a pay page, and what happens to its invoice meanwhile."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

from billing.domain.invoice import BankDetails
from billing.domain.payment import PaymentSource
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.record_payment import NewPayment, record_payment
from tests.functions.proxy import Proxy
from tests.functions.running_door import Answered

CARD = {"number": "4242424242424242", "expiry": "12/30", "cvc": "123", "email": "ap@lumen.test"}
BANK = BankDetails(account_holder="Acme Inc.", iban="DE89370400440532013000", bic="COBADEFFXXX")


def call(proxy: Proxy) -> Call:
    return Call(tenant_id="acme", actor="kai", recorded_at=proxy.clock.now())


def text(page: Answered) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"<style>.*?</style>", "", page.body.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def heading(page: Answered) -> str:
    [found] = re.findall(r"<h1>(.*?)</h1>", page.body.decode())
    return unescape(found)


def transfers(proxy: Proxy, amount: int) -> None:
    new = NewPayment(
        id="wire-1",
        amount=amount,
        currency="USD",
        source=PaymentSource.BANK_TRANSFER,
        received_at=proxy.clock.now(),
        invoice_ids=(proxy.invoice().id,),
    )
    record_payment(proxy.world.documents, new, call=call(proxy))


def opens_checkout(proxy: Proxy) -> str:
    answered = proxy.call("POST", f"{proxy.link()}/checkout")
    assert answered.status == 303
    return answered.headers["location"]


def changes(proxy: Proxy, **fields: Any) -> None:  # noqa: ANN401 - any field of the invoice
    """Set payment fields of the invoice, as some use case would."""
    invoices = Invoices.of(proxy.world.documents, "acme")
    [stored] = invoices.get([proxy.invoice().id])
    assert stored is not None
    proxy.world.documents.commit([invoices.changed(stored, replace(stored.value, **fields))])
