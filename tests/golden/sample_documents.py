"""A small book whose documents have every field in use: what the golden documents are made of."""

from datetime import date, timedelta
from decimal import Decimal

from billing.domain.bank import BankEntry, EntryKind, StatementFormat
from billing.domain.bank_transaction import BankTransaction, Unmatched
from billing.domain.catalog import (
    Aggregation,
    Billed,
    GraduatedPrice,
    PackagePrice,
    PerUnitPrice,
    StairstepPrice,
    Tier,
    VolumePrice,
)
from billing.domain.coupon import Coupon
from billing.domain.credit_request import AmountCredit
from billing.domain.event import EventType, event_of
from billing.domain.invoice import BankDetails
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind
from billing.domain.plan_draft import PlanDraft
from billing.domain.subscription import Item, OneTimeCharge
from billing.domain.subscription_changes import end_subscription
from billing.domain.tax import TaxTable
from billing.domain.tenant import Guard
from billing.domain.usage import UsageEvent
from billing.ports import EventAbout, GatewayEvent
from billing.store.bank_transactions import BankTransactions
from billing.store.coupons import Coupons
from billing.store.events import Events
from billing.store.gateway_events import GatewayEvents
from billing.store.mail_templates import MailTemplates
from billing.store.plan_drafts import PlanDrafts
from billing.store.subscriptions import subscription_fields
from billing.store.usage import UsageEvents
from billing.usecases.call import Call
from billing.usecases.change_subscription import add_one_time_charge, apply_coupon
from billing.usecases.seal_audit import seal_audit
from tests.builders import API_CALLS, a_fee, a_meter, a_party, a_plan, a_rate, a_tenant, utc
from tests.crediting import gives_back, pays
from tests.golden.sample_access import opened
from tests.golden.sample_dunning import chased
from tests.golden.sample_runs import recorded
from tests.reviewing import approve, reviews, settings
from tests.world import World

BANK = BankDetails(account_holder="Acme", iban="DE89370400440532013000", bic="COBADEFFXXX", bank_name="Commerzbank")
METERS = (
    API_CALLS,
    a_meter(
        VolumePrice(tiers=(Tier(up_to=None, unit_price=Decimal("0.5")),)), meter="peak", aggregation=Aggregation.MAX
    ),
    a_meter(
        StairstepPrice(tiers=(Tier(up_to=Decimal(10), flat_fee=Decimal(5)), Tier(up_to=None, flat_fee=Decimal(9)))),
        meter="seats",
        aggregation=Aggregation.LAST,
    ),
    a_meter(
        PackagePrice(size=Decimal(1000), unit_price=Decimal("1.25")), meter="users", aggregation=Aggregation.UNIQUE
    ),
    a_meter(PerUnitPrice(unit_price=Decimal("0.000001")), meter="hits", aggregation=Aggregation.COUNT),
    a_meter(GraduatedPrice(tiers=(Tier(up_to=None, flat_fee=Decimal(1)),)), meter="extra", tax_inclusive=True),
)


def a_book() -> World:
    """Customers after runs: one billed in arrears for everything, one that left and got a credit note, one waiting."""
    world = World(
        tenant=a_tenant(bank=BANK, notes=("Thank you.",), accent_colour="#336699"),
        taxes=TaxTable(rates=(a_rate("19", since="2021-01-01"), a_rate("16", until="2020-12-31"))),
    )
    arrears = world.plan(
        a_plan(
            plan_id="all",
            fees=[a_fee("99.00")],
            addons=[a_fee("10.00", "seat")],
            metered=METERS,
            anchor_day=1,
            minimum_commitment=Decimal(9000),
        )
    )
    ahead = world.plan(a_plan(plan_id="ahead", fees=[a_fee("62.00")], anchor_day=1, billed=Billed.IN_ADVANCE))
    world.customer("full", party=a_party(email="kai@example.com", tax_id="DE136695976"), locale="de_DE")
    subscription = world.subscribes("full", to=arrears, on="2026-01-15")
    item = Item(id="seat-1", charge_id="seat", quantity=Decimal(3), start=utc("2026-01-20"), end=utc("2026-01-30"))
    world.damages(f"subscriptions/{subscription.id}", {"items": _items(item)})
    _extras(world, subscription.id)
    for meter in METERS:
        world.uses(subscription.id, meter.meter, "12000", on="2026-01-16")
    world.subscribes("leaver", to=ahead, on="2026-01-01")
    world.runs_billing()
    ended = end_subscription(world.subscription("sub-leaver"), at=utc("2026-01-11"))
    world.damages("subscriptions/sub-leaver", subscription_fields(ended))
    world.travels_to("2026-02-01")
    world.runs_billing()
    world.uses(subscription.id, "calls", "5", on="2026-01-31")  # late: January is invoiced
    world.subscribes("prepaid", to=ahead, on="2026-02-01")
    world.runs_billing()
    event = UsageEvent(
        id="e-1",
        subscription_id=subscription.id,
        meter="users",
        occurred_at=utc("2026-01-16"),
        quantity=Decimal(1),
        value="kai",
    )
    events = UsageEvents.of(world.documents, world.tenant.id)
    world.documents.commit([events.creation(event, expires_at=event.occurred_at + timedelta(days=400))])
    for each in (_review, _credit, _money, recorded):
        each(world)
    return world


def _review(world: World) -> None:
    """A run whose invoices wait, and one of them approved."""
    settings(world, approval=True, guard=Guard(factor=Decimal(3), floor=1000))
    world.travels_to("2026-03-01")
    world.runs_billing()
    approve(world, [reviews(world)[0].invoice_id])


def _credit(world: World) -> None:
    """An invoice that was paid by transfer is credited in part: the money goes to the balance."""
    number = next(each.number for each in world.invoices("full") if each.number)
    pays(world, next(each.amount_due for each in world.invoices("full") if each.number), number=number)
    gives_back(world, AmountCredit(amount=1000), of=number)


def _money(world: World) -> None:
    """A transfer that waits, an event of the gateway, a tenant's own text, events to it, a debt, and seals."""
    entry = BankEntry(
        kind=EntryKind.CREDIT,
        amount=4900,
        currency="USD",
        booked_on=date(2026, 3, 2),
        valued_on=date(2026, 3, 2),
        remittance="our order",
        payer="Lumen Health GmbH",
        payer_iban="DE02120300000000202051",
    )
    waiting = BankTransaction(
        id="t1", format=StatementFormat.CAMT053, iban=BANK.iban, entry=entry, reason=Unmatched.NO_REFERENCE
    )
    event = GatewayEvent(id="evt_1", type="payment_intent.succeeded", about=EventAbout.PAYMENT, subject="pi_1")
    own = MailTemplate(subject="Danke", body="Danke, {{ customer }}.")
    world.documents.commit(
        [
            BankTransactions.of(world.documents, world.tenant.id).creation(waiting),
            GatewayEvents.of(world.documents, world.tenant.id).creation(event, outcome="booked", applied_at=world.now),
            MailTemplates.of(world.documents, world.tenant.id).saving(NoticeKind.RECEIPT, "de", own),
            PlanDrafts.of(world.documents, world.tenant.id).saving(_draft(world), over=None),
        ]
    )
    _outbox(world)
    chased(world, next(each for each in world.invoices("leaver") if each.number))
    opened(world)
    _seals(world)


def _draft(world: World) -> PlanDraft:
    return PlanDraft(plan_id="full", content='{"name":"Full","trial_days":14}', saved_by="ada", saved_at=world.now)


def _seals(world: World) -> None:
    """The first seal over the audit log, and one that follows it."""
    call = Call(tenant_id="acme", actor="scheduler", recorded_at=world.now + timedelta(hours=3))
    for margin in (timedelta(days=20), timedelta(0)):
        assert seal_audit(world.documents, call=call, margin=margin) is not None


def _outbox(world: World) -> None:
    """Events: one to be tried again, and one that the tenant's system took."""
    events = Events.of(world.documents, world.tenant.id)
    gone, back = (
        event_of(
            type_,
            subject="customers/c1",
            occurred_at=world.now,
            fields={"reason": "unpaid", "days_overdue": 21, "by_hand": False, "invoice_id": None},
        )
        for type_ in (EventType.CUSTOMER_SUSPENDED, EventType.CUSTOMER_RESTORED)
    )
    world.documents.commit([events.creation(gone), events.creation(back)])
    first, second = events.get(gone.id), events.get(back.id)
    world.documents.commit(
        [
            events.changed(first, first.value.delivery.delivered(at=world.now)),
            events.changed(second, second.value.delivery.failed(at=world.now, error="it answered status 500")),
        ]
    )


def _extras(world: World, subscription_id: str) -> None:
    """Coupons of both kinds, one of them for one invoice alone, and a one-time charge on this and on a later bill."""
    coupons, call = (
        Coupons.of(world.documents, world.tenant.id),
        Call(tenant_id="acme", actor="kai", recorded_at=world.now),
    )
    share = Coupon(coupon_id="share", name="Share", percent=Decimal("12.5"))
    once = Coupon(coupon_id="once", name="Once", amount=Decimal("5.00"), currency="USD", periods=1)
    world.documents.commit([coupons.publication(share), coupons.publication(once)])
    for coupon in (share, once):
        apply_coupon(world.documents, subscription_id, coupon_id=coupon.coupon_id, call=call)
    for charge_id, day in (("setup", "2026-01-20"), ("visit", "2026-06-20")):
        charge = OneTimeCharge(
            id=charge_id, name="Work", quantity=Decimal(1), unit_price=Decimal(80), charged_at=utc(day)
        )
        add_one_time_charge(world.documents, subscription_id, one_time=charge, call=call)


def _items(item: Item) -> list:
    from billing.store.codec import encode

    fields = encode(item)
    del fields["schema_version"]
    return [fields]
