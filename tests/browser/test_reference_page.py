"""The API's reference page in a real browser: found by searching, followed by links, read without scripts."""

import pytest
from playwright.sync_api import Browser, expect

from tests.functions.proxy import Proxy

pytestmark = pytest.mark.browser


def test_an_operation_is_found_and_its_links_open_what_they_point_to(browser: Browser, proxy: Proxy) -> None:
    page = browser.new_page()
    failed = list[str]()
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(f"{proxy.base}/api/docs")
    page.get_by_label("Search").fill("payments refund")
    refund = page.locator("#payments_refund")
    expect(refund).to_be_visible()
    expect(page.locator("#invoices_void")).to_be_hidden()
    refund.locator("summary").click()
    expect(refund).to_contain_text('"$API/api/billing/payments/wire-17/refunds"')
    expect(refund).to_contain_text("Authorization: Bearer $KEY")

    refund.get_by_role("link", name="400").click()

    expect(page.locator("#refused-400")).to_contain_text("malformed_request")
    expect(page.locator("#refused-400")).to_have_attribute("open", "")
    expect(page.locator("#invoices_void")).to_be_visible()
    assert failed == []
    page.close()


def test_without_scripts_there_is_no_box_that_finds_nothing(browser: Browser, proxy: Proxy) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{proxy.base}/api/docs")
    expect(page.get_by_label("Search")).to_be_hidden()
    page.locator("#invoices_void summary").click()
    expect(page.locator("#invoices_void pre")).to_be_visible()
    page.context.close()
