"""The February book in a small world with cards at the sandbox, and the days of March as the scheduler has them.

month = a_month(sandbox)
month.plays("2026-03-01")
month.saves_another_card("acct-1040")
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from billing.adapters.book_files import load_book
from billing.adapters.stripe_events import read_event
from billing.adapters.stripe_gateway import StripeGateway
from billing.api.pay_engine import hosted_pages
from billing.domain.customer import Customer
from billing.domain.run_report import RunReport
from billing.drawing import MailWriter
from billing.ports import Mail
from billing.sandbox.server import RunningSandbox
from billing.sandbox.visitor import events_since, leave_card
from billing.store.audit import AuditLog
from billing.usecases.apply_gateway_event import apply_gateway_event
from billing.usecases.import_book import import_book
from billing.usecases.open_payment import WayBack, open_method_page
from billing.usecases.seal_audit import seal_audit
from tests.builders import utc
from tests.collecting import CardWorld, SentMails, Watched
from tests.command_line import BOOK
from tests.sandbox_client import client_of

KEY = "sk_test_month"
BACK = WayBack(success_url="https://pay.example/saved", cancel_url="https://pay.example/")


@dataclass(kw_only=True)
class Month(CardWorld):
    """The book's seller, whose mails are composed as the product composes them."""

    sandbox: RunningSandbox

    def plays(self, day: str) -> RunReport:
        """Both jobs of a day, and the seal of the log."""
        self.goes_to(f"{day}T00:05")
        billed = self.runs_billing()
        self.goes_to(f"{day}T01:00")
        assert self.runs_dunning().failures == []
        seal_audit(self.documents, call=self.call())
        return billed

    def goes_to(self, instant: str) -> None:
        """Move the clock, and the sandbox's with it."""
        self.travels_to(instant)
        self.sandbox.control("POST", "clock", {"set": self.now.isoformat()})

    def saves_another_card(self, customer_id: str) -> None:
        """At ten o'clock, on the hosted page that the mail leads to; its events come as the webhook brings them."""
        self.goes_to(f"{self.now:%Y-%m-%d}T10:00")
        [invoice], gateway = self.invoices(customer_id), self.stripe.inner
        page = open_method_page(
            self.documents, gateway, invoice.id, back=BACK, visit=f"{self.now:%d}", call=self.call()
        )
        leave_card(page.url, number="5555555555554444", email=invoice.buyer.email)
        for event in events_since(self.sandbox.url, int(self.now.timestamp()), key=self.key):
            pages = hosted_pages(self.documents, gateway, call=self.call())
            apply_gateway_event(self.documents, pages, read_event(event), call=self.call())

    def states(self, customer_id: str) -> list[str]:
        """The states that a customer's case came to, one after the other, by the audit log."""
        [invoice] = self.invoices(customer_id)
        records = AuditLog.of(self.documents, self.tenant.id).about(f"invoices/{invoice.id}")
        return [each.after for each in records if each.event.startswith("dunning.") and each.before != each.after]

    def mails(self, to: str) -> list[tuple[str, Mail]]:
        """What somebody was sent: the day and the kind of each mail, and the mail, in the order of their days."""
        found = sorted((each for each in self.sent.mails.values() if to in each.to), key=lambda each: each.sent_at)
        return [(f"{each.sent_at:%d} {each.message_id.split('@')[0].split('.')[1]}", each) for each in found]


def a_month(sandbox: RunningSandbox) -> Month:
    """The book as it is imported on 1 March, its 142 cards on file; six of them will be declined."""
    book = load_book(BOOK)
    tenant = replace(
        book.tenant,
        gateway="stripe",
        mail_sender="billing@acme.example.com",
        billing_contact="owner@acme.example.com",
    )
    sent, watched = SentMails(), Watched(StripeGateway(KEY, base_url=sandbox.url))
    month = Month(
        tenant=tenant,
        taxes=book.tax_rates,
        gateway=watched,  # type: ignore[arg-type]  # it answers every call of the port
        mailer=sent,
        account=client_of(sandbox, key=KEY),
        key=KEY,
        stripe=watched,
        sent=sent,
        sandbox=sandbox,
        now=utc("2026-03-01"),
    )
    month.compose = MailWriter(month.documents, tenant.id).compose
    import_book(month.documents, replace(book, tenant=tenant), recorded_at=month.now)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: _saves(month, each), [each for each in book.customers if each.test_card]))
    return month


def _saves(month: Month, customer: Customer) -> None:
    card = month.saves_card(customer.id)
    if customer.test_card != "ok":
        month.sandbox.control("POST", f"payment_methods/{card}/decline", {"code": customer.test_card})
