"""VAT that a confirmed VAT id would take off is charged, or waits for a person if the tenant says so (semantics 6)."""

from dataclasses import replace

from billing.domain.customer import Customer
from billing.domain.review import ReviewKind
from billing.domain.tax import TaxParty, TaxTable
from billing.domain.tenant import UnconfirmedVatId
from billing.store.collection import Stored
from billing.usecases.change_customer import change_customer
from tests.builders import a_fee, a_party, a_plan, a_rate, a_tenant
from tests.reviewing import approve, call, reject, reviews
from tests.world import World


def abroad() -> World:
    """A German tenant that holds what the register could not be asked about; Fleur in France pays 100.00 a month."""
    tenant = a_tenant(seller=a_party(country="DE", tax_id="DE136695976"), unconfirmed_vat_id=UnconfirmedVatId.HOLD)
    world = World(tenant=tenant, taxes=TaxTable(rates=(a_rate("20", country="FR"), a_rate("19"))))
    party = a_party(country="FR", postal_code="75001", tax_id="FR40303265045")
    world.customer("fleur", party=party, tax=TaxParty(country="FR", postal_code="75001", vat_id=party.tax_id))
    plan = world.plan(a_plan(fees=[a_fee("100.00")], anchor_day=1))
    for customer_id in ("fleur", "ada"):  # Ada is at home and has no VAT id
        world.subscribes(customer_id, to=plan, on="2026-01-01")
    world.travels_to("2026-02-01")
    return world


def test_vat_on_an_unconfirmed_id_waits_and_approval_charges_it() -> None:
    world = abroad()
    report = world.runs_billing()
    assert [each.customer_id for each in report.invoices] == ["ada"]
    [review] = reviews(world)
    assert (review.kind, review.customer_id) == (ReviewKind.VAT_ID, "fleur")
    assert review.reason == "the register has not confirmed FR40303265045, so VAT is charged"
    assert review.figures == {"vat_id": "FR40303265045", "tax": "20.00", "currency": "USD"}
    [issued] = approve(world).approved
    assert [(each.customer_id, each.tax, each.total) for each in world.invoices("fleur")] == [("fleur", 2000, 12000)]
    assert issued.number == "INV-2026-01-0002"


def test_an_id_that_is_confirmed_meanwhile_is_billed_without_vat_after_the_draft_is_rejected() -> None:
    world = abroad()
    world.runs_billing()
    change_customer(world.documents, "fleur", _confirmed, call=call(world))
    reject(world, "sub-fleur.20260101T000000Z.r0", note="the register knows it")
    world.runs_billing()
    [invoice] = world.invoices("fleur")
    assert (invoice.number, invoice.tax, invoice.total) == ("INV-2026-01-0002", 0, 10000)
    assert [each.category for each in invoice.tax_lines] == ["AE"]


def _confirmed(before: Stored[Customer]) -> Customer:
    return replace(before.value, tax=replace(before.value.tax, vat_id_valid=True))
