"""What tests of collecting share: a world with cards at the sandbox, mails that can be counted, a gateway that fails.

world = card_world(sandbox)
world.joins("acme")
world.travels_to("2026-02-01")
world.runs_billing()
assert world.taken() == [4900]
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.dunning_report import DunningReport
from billing.domain.invoice import CollectionMethod
from billing.domain.notice import Notice
from billing.domain.payment import Payment
from billing.ports import Documents, Gateway, Mail, MailRefused, MailUnavailable
from billing.sandbox.server import RunningSandbox
from billing.store.customers import Customers
from billing.store.payments import decode_payment
from billing.usecases.call import Call
from billing.usecases.dunning_run import DunningParts, DunningRequest
from billing.usecases.run_dunning import run_dunning
from billing.usecases.saved_methods import keep_saved_method
from billing.usecases.settle_invoices import sweep
from tests.builders import a_fee, a_party, a_plan, a_tenant
from tests.sandbox_client import Client, client_of
from tests.world import World, sqlite_in_memory

_accounts = count(1)
PLAN = a_plan(fees=[a_fee("49.00")], anchor_day=1)


@dataclass
class SentMails:
    """The Mailer port in memory, with every mail by its Message-ID; `fails` are the answers to the next ones."""

    mails: dict[str, Mail] = field(default_factory=dict)
    sent: list[Mail] = field(default_factory=list)
    fails: list[str] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        how = self.fails.pop(0) if self.fails else ""
        if how == "refused":
            raise MailRefused(", ".join(mail.to), reason="550 no such user")
        if how:
            raise MailUnavailable(reason=how)
        self.sent.append(mail)
        self.mails[mail.message_id] = mail

    def kinds(self, to: str | None = None) -> list[str]:
        """What was mailed to somebody, or to all, sorted."""
        return sorted(mail.subject.split()[0] for mail in self.mails.values() if to is None or to in mail.to)


def plain_mail(notice: Notice) -> Mail:
    """A mail that says its kind and its invoice: stands for the product's where a test is not about words."""
    number = f"{notice.kind.value} {notice.invoice.number}"
    return Mail(
        message_id=notice.message_id,
        sender=notice.tenant.mail_sender,
        sender_name=notice.tenant.seller.name,
        to=(notice.to,),
        subject=number,
        text=f"{number} {notice.invoice.amount_due} {len(notice.pdf)}",
        html="",
        sent_at=notice.sent_at,
    )


@dataclass
class Watched:
    """A gateway that tells a test of each call: before it is made, and after it was answered."""

    inner: Gateway
    before: Callable[[str], None] = lambda _verb: None
    after: Callable[[str], None] = lambda _verb: None
    calls: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def looks_first(self) -> bool:
        return self.inner.looks_first

    def __getattr__(self, verb: str) -> Any:  # noqa: ANN401 - every call of the port
        call = getattr(self.inner, verb)

        def watched(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            self.calls.append(verb)
            self.before(verb)
            answer = call(*args, **options)
            self.after(verb)
            return answer

        return watched


@dataclass(kw_only=True)
class CardWorld(World):
    """A tenant with a Stripe account of its own in the sandbox, and every mail it sends."""

    account: Client
    key: str
    stripe: Watched
    sent: SentMails

    def joins(
        self,
        name: str,
        *,
        card: str | None = "pm_card_visa",
        goes_bad: str = "",
        on: str = "2026-01-01",
        **changes: Any,  # noqa: ANN401 - any field of the customer
    ) -> None:
        """A customer who is charged automatically, 49.00 a month, with a card on file unless it is None."""
        party = a_party(email=f"{name}@kunde.test")
        self.customer(name, **{"collection_method": CollectionMethod.CHARGE_AUTOMATICALLY, "party": party, **changes})
        self.subscribes(name, to=self.plans[PLAN.ref], on=on)
        if card is not None:
            self.saves_card(name, card=card)

    def saves_card(self, name: str, *, card: str = "pm_card_visa") -> str:
        """Put a card on file; the gateway's id of it."""
        stripe = self.stripe.inner
        customer = stripe.save_customer(key=name, customer_id=name, email=f"{name}@kunde.test", name=name, known="")
        method = stripe.save_method(customer, method=card, key=f"{name}/{card}")
        keep_saved_method(self.documents, name, method, gateway_id=customer, call=self.call())
        return method.id

    def runs_dunning(self, **changes: Any) -> DunningReport:  # noqa: ANN401 - any field of the request
        """One dunning run as of now, and the settlement of what it brought."""
        self.runs += 1
        settings = {
            "tenant_id": self.tenant.id,
            "as_of": self.now,
            "run_id": f"run-{self.runs:04}",
            "actor": "scheduler",
        }
        parts = self.dunning_parts()
        report = run_dunning(self.documents, DunningRequest(**{**settings, **changes}), parts)
        if not report.dry_run:
            sweep(self.settlement(), out_of_time=lambda: False)
        return report

    def dunning_parts(self) -> DunningParts:
        """What the steps of dunning are done with here."""
        gateway = self.gateway
        return DunningParts(
            gateway=None if gateway is None or not self.tenant.gateway else lambda: gateway,
            mailing=self._mailing(),
            pdf=lambda _invoice: b"",
            now=lambda: self.now,
            looks_first=self.stripe.looks_first,
        )

    def call(self) -> Call:
        """A person asks, now."""
        return Call(tenant_id=self.tenant.id, actor="ada", recorded_at=self.now)

    def payments(self) -> list[Payment]:
        """Every payment that is booked."""
        return [decode_payment(each).value for each in self.collection("payments")]

    def taken(self) -> list[int]:
        """What the account's payments that succeeded took, in minor units."""
        listed = self.account.v1.payment_intents.list({"limit": 100}).auto_paging_iter()
        return [each.amount_received for each in listed if each.status == "succeeded"]

    def balance(self, name: str) -> int:
        """A customer's credit balance."""
        [stored] = Customers.of(self.documents, self.tenant.id).get([name])
        assert stored is not None
        return stored.value.credit_balance


def card_world(
    sandbox: RunningSandbox,
    *,
    documents: Documents | None = None,
    key: str = "",
    **tenant: Any,  # noqa: ANN401 - any field of the tenant
) -> CardWorld:
    """An empty world; `tenant` changes its settings, `key` is of an account of its own unless it is given."""
    key = key or f"sk_test_collecting{next(_accounts)}"
    sent, watched = SentMails(), Watched(StripeGateway(key, base_url=sandbox.url, timeout_seconds=5))
    settings = {"gateway": "stripe", "mail_sender": "billing@acme.test", "billing_contact": "owner@acme.test", **tenant}
    stripe: Any = watched  # it answers every call of the port
    world = CardWorld(
        tenant=a_tenant(**settings),
        gateway=stripe,
        mailer=sent,
        compose=plain_mail,
        documents=documents or sqlite_in_memory(),
        account=client_of(sandbox, key=key),
        key=key,
        stripe=watched,
        sent=sent,
    )
    world.plan(PLAN)
    return world
