"""The pay page in a real browser: read and paid by somebody with a phone, with and without scripts."""

from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from billing.domain.invoice import BankDetails, CollectionMethod, InvoiceStatus
from billing.render.contrast import contrast
from tests.builders import a_fee, a_plan, a_tenant
from tests.functions.proxy import Proxy, owes, running_proxy

pytestmark = pytest.mark.browser
PHONE: ViewportSize = {"width": 375, "height": 740}
BANK = BankDetails(account_holder="Acme Inc.", iban="DE89370400440532013000", bic="COBADEFFXXX", bank_name="Bank")
COLOURS = """element => {
    const two = part => (+part).toString(16).padStart(2, '0')
    const hex = text => '#' + text.match(/\\d+/g).slice(0, 3).map(two).join('')
    let behind = element
    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    return [hex(getComputedStyle(element).color), hex(getComputedStyle(behind).backgroundColor)]
}"""


def types_card(page: Page, number: str = "4242 4242 4242 4242") -> None:
    """Fill in the sandbox's hosted page and send it."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12/30")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button").first.click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_customer_opens_the_link_pays_by_card_and_is_thanked(browser: Browser, proxy: Proxy, scripts: bool) -> None:
    invoice = owes(proxy)
    page = browser.new_context(viewport=PHONE, java_script_enabled=scripts).new_page()
    page.goto(invoice.payment_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay invoice INV-2026-02-0001")
    page.get_by_role("button", name="Pay $58.31 by card").click()

    types_card(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert proxy.invoice().status is InvoiceStatus.PAID
    page.goto(invoice.payment_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Invoice INV-2026-02-0001 is paid")
    expect(page.get_by_role("button")).to_have_count(0)
    page.context.close()


def test_leaving_the_hosted_page_leads_back_to_the_invoice(browser: Browser, proxy: Proxy) -> None:
    invoice = owes(proxy)
    page = browser.new_page()
    page.goto(invoice.payment_url)
    page.get_by_role("button").click()
    page.get_by_role("button", name="Cancel").click()
    assert page.url == invoice.payment_url
    page.close()


def test_a_card_that_wants_its_bank_asked_is_confirmed_and_pays(browser: Browser, proxy: Proxy) -> None:
    invoice = owes(proxy)
    page = browser.new_page()
    page.goto(invoice.payment_url)
    page.get_by_role("button").click()
    types_card(page, "4000 0027 6000 3184")
    page.get_by_role("button", name="Complete").click()
    page.goto(invoice.payment_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Invoice INV-2026-02-0001 is paid")
    page.close()


def test_another_card_is_saved_from_the_link_in_the_mail(browser: Browser, proxy: Proxy) -> None:
    invoice = owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{invoice.payment_url}/card")
    page.get_by_role("button", name="Save a card").click()
    types_card(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your card is saved")
    page.get_by_role("link", name="To invoice").click()
    assert page.url == invoice.payment_url
    page.close()


def test_the_page_loads_nothing_and_breaks_no_rule_of_its_policy(browser: Browser, proxy: Proxy) -> None:
    invoice = owes(proxy)
    page, asked, complaints = browser.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(invoice.payment_url)
    assert [each for each in asked if not each.endswith("/favicon.ico")] == [invoice.payment_url]
    assert [each for each in complaints if "favicon" not in each and "404" not in each] == []
    assert page.evaluate("getComputedStyle(document.querySelector('main')).borderTopWidth") == "8px"  # it has its style
    page.close()


@pytest.mark.parametrize("accent", ["#0f766e", "#ffe600", "#ff6a00", "#7f7f7f"])
def test_everything_can_be_read_whatever_the_sellers_colour(browser: Browser, tmp_path: Path, accent: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text, in every element that has text of its own."""
    tenant = a_tenant(gateway="stripe", currency="EUR", bank=BANK, accent_colour=accent, support_email="h@acme.test")
    with running_proxy(tmp_path, tenant=tenant) as proxy:
        proxy.world.plan(a_plan(plan_id="monthly", currency="EUR", fees=[a_fee("49.00")]))
        invoice = owes(proxy, currency="EUR")
        page = browser.new_page(viewport=PHONE)
        page.goto(invoice.payment_url)
        texts = page.locator(":is(h1,h2,p,a,button,dt,dd,th,td,figcaption,header span)").all()
        assert len(texts) > 30
        for each in texts:
            ink, paper = each.evaluate(COLOURS)
            assert contrast(ink, paper) >= Decimal("4.5"), (each.inner_text(), ink, paper)
        page.close()


def test_the_page_is_built_as_screen_readers_and_small_screens_need_it(browser: Browser, tmp_path: Path) -> None:
    tenant = a_tenant(gateway="stripe", currency="EUR", bank=BANK)
    with running_proxy(tmp_path, tenant=tenant) as proxy:
        proxy.world.plan(a_plan(plan_id="monthly", currency="EUR", fees=[a_fee("49.00")]))
        invoice = owes(proxy, currency="EUR", locale="de_DE")
        page = browser.new_page(viewport={"width": 320, "height": 640})
        page.goto(invoice.payment_url)
        assert page.locator("html").get_attribute("lang") == "de-DE"
        assert page.title() == "Rechnung INV-2026-02-0001 bezahlen – Acme API Platform Inc."
        levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(each => each.tagName)")
        assert levels == ["H1", "H2", "H2"]
        assert page.locator("main").count() == 1
        assert page.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
        assert page.locator("svg:not([aria-label]), img:not([alt])").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 320  # nothing sticks out at the side
        box = page.get_by_role("button").bounding_box()
        assert box is not None
        assert box["height"] >= 44  # a thumb's size
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "BUTTON"  # the first stop is what one came for
        page.close()
