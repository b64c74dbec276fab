"""The pay link's pages: `/pay/{token}` and what lies below it (docs/guides/pay-page.md).

Every page is the same 404 for whoever has no valid link. No page needs a script; what may be loaded is named by a
content security policy, and no address is told to the next site.
"""

import re
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from billing.api.pay_engine import Door, DoorParts, hosted_pages
from billing.domain.errors import BillingError, Conflict, NotFound, Unavailable
from billing.domain.invoice import Invoice
from billing.domain.pay_state import PayState, pay_state
from billing.domain.payment_link import is_shown, linked_invoice
from billing.domain.period import local_date
from billing.domain.tenant import Tenant
from billing.ports import Gateway
from billing.render.pay_page.html import Page, not_found_page, unavailable_page
from billing.render.pay_page.page import Look, Visit, method_page, pay_page
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.follow_checkout import follow_checkout
from billing.usecases.open_payment import NotPayable, WayBack, open_method_page, open_payment

ACTOR = "customer"
PAYMENT_LINK_KEY = "PAYMENT_LINK_KEY"
_READ = ["GET", "HEAD"]
_SESSION = re.compile(r"[A-Za-z0-9_]{8,200}")
_CHECKOUT_ID = "session={CHECKOUT_SESSION_ID}"  # Stripe puts the page's id there


class NoSuchLink(NotFound):
    """The address opens nothing: no token of ours, an invoice that is gone, or one that is shown no more."""

    def __init__(self) -> None:
        super().__init__("page", "here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a valid link opened."""

    door: Door
    parts: DoorParts
    token: str
    tenant: Tenant
    invoice: Invoice
    call: Call

    @property
    def back(self) -> str:
        """The pay page's own address."""
        return f"{self.parts.engine.payment_link_base}/pay/{self.token}"

    @property
    def gateway(self) -> Gateway | None:
        """What takes cards for the tenant."""
        return self.parts.engine.gateway(self.tenant)

    @property
    def look(self) -> Look:
        """The seller's look; without its logo where that can't be had."""
        logo = b""
        if self.tenant.logo_key:
            try:
                logo = self.parts.engine.objects.get(self.tenant.logo_key)
            except BillingError:
                logo = b""
        contact = self.tenant.support_email or self.invoice.seller.email
        return Look(accent=self.tenant.accent_colour, logo_png=logo, contact=contact)

    def visit(self, *, here: str) -> Visit:
        """What the page is to know about this visit."""
        today = local_date(self.call.recorded_at, zone=self.tenant.zone)
        return Visit(today=today, takes_cards=bool(self.tenant.gateway), here=here)


def pay_routes(door: Door) -> APIRouter:
    """The routes, to be included into the proxy."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/pay/{token}", methods=_READ)
    def show(token: str, request: Request) -> Response:
        opened = _opened(door, token, request)
        return _html(opened, pay_page(opened.invoice, visit=opened.visit(here=f"{token}/"), look=opened.look))

    @router.api_route("/pay/{token}/invoice.pdf", methods=_READ)
    def pdf(token: str, request: Request) -> Response:
        return _pdf(_opened(door, token, request))

    @router.post("/pay/{token}/checkout")
    def checkout(token: str, request: Request) -> Response:
        return _checkout(_opened(door, token, request))

    @router.api_route("/pay/{token}/thanks", methods=_READ)
    def thanks(token: str, request: Request, session: str = "") -> Response:
        return _thanks(_opened(door, token, request), session=session)

    @router.api_route("/pay/{token}/card", methods=[*_READ, "POST"])
    def card(token: str, request: Request) -> Response:
        opened = _opened(door, token, request)
        return _open_card(opened) if request.method == "POST" else _card(opened, here="")

    @router.api_route("/pay/{token}/card/saved", methods=_READ)
    def saved(token: str, request: Request, session: str = "") -> Response:
        opened = _opened(door, token, request)
        arrived = _followed(opened, session)
        return _card(_again(opened), here="../", just_saved=arrived)

    return router


def error_page(error: Exception) -> tuple[Page, int]:
    """The page and status of an exception below `/pay`."""
    return (unavailable_page(), 503) if isinstance(error, Conflict | Unavailable) else (not_found_page(), 404)


def page_headers(page: Page, *, checkout_origin: str) -> dict[str, str]:
    """What a browser is to know about one of our pages: nothing may be loaded, and nobody may frame it.

    Forms lead to us and on to the hosted page: Chrome holds `form-action` against redirects as well.
    """
    policy = (
        f"default-src 'none'; style-src '{page.style_hash}'; img-src data:; form-action 'self' {checkout_origin};"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "x-robots-tag": "noindex, nofollow",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }


def _opened(door: Door, token: str, request: Request) -> Opened:
    """The invoice behind a token, NoSuchLink for every reason not to show it."""
    parts = door.parts()
    keys = parts.engine.secrets.get(PAYMENT_LINK_KEY)
    linked = linked_invoice(token, keys=keys) if parts.engine.payment_link_base else None
    if linked is None:
        raise NoSuchLink
    call = door.call(linked.tenant_id, actor=ACTOR, request_id=request.state.request_id)
    request.state.noted.update(tenant=linked.tenant_id, invoice_id=linked.invoice_id)
    tenant = Tenants(parts.engine.documents).find(linked.tenant_id)
    [stored] = Invoices.of(parts.engine.documents, linked.tenant_id).get([linked.invoice_id])
    if tenant is None or stored is None or not is_shown(stored.value, at=call.recorded_at):
        raise NoSuchLink
    return Opened(door=door, parts=parts, token=token, tenant=tenant, invoice=stored.value, call=call)


def _again(opened: Opened) -> Opened:
    """The same with the invoice as it stands now."""
    [stored] = Invoices.of(opened.parts.engine.documents, opened.tenant.id).get([opened.invoice.id])
    return opened if stored is None else replace(opened, invoice=stored.value)


def _checkout(opened: Opened) -> Response:
    gateway, documents = opened.gateway, opened.parts.engine.documents
    if gateway is None:
        return _to(opened.back)
    back = WayBack(success_url=f"{opened.back}/thanks?{_CHECKOUT_ID}", cancel_url=opened.back)
    try:
        page = open_payment(documents, gateway, opened.invoice.id, back=back, call=opened.call)
    except NotPayable:  # the page says why
        return _to(opened.back)
    return _to(page.url)


def _open_card(opened: Opened) -> Response:
    gateway = opened.gateway
    if gateway is None:
        return _to(opened.back)
    back = WayBack(success_url=f"{opened.back}/card/saved?{_CHECKOUT_ID}", cancel_url=f"{opened.back}/card")
    documents, visit = opened.parts.engine.documents, opened.door.new_id()
    return _to(open_method_page(documents, gateway, opened.invoice.id, back=back, visit=visit, call=opened.call).url)


def _thanks(opened: Opened, *, session: str) -> Response:
    """Book what was paid before saying thanks, so that nobody has to wait for the webhook."""
    arrived = _followed(opened, session)
    now = _again(opened)
    processing = arrived and pay_state(now.invoice) is not PayState.PAID
    visit = replace(now.visit(here=""), thanks=True, processing=processing)
    return _html(now, pay_page(now.invoice, visit=visit, look=now.look))


def _followed(opened: Opened, session: str) -> bool:
    """Whether somebody came back from a hosted page of this invoice, whose end is booked now if it can be."""
    gateway = opened.gateway
    if gateway is None or not _SESSION.fullmatch(session):
        return False
    documents, invoice_id = opened.parts.engine.documents, opened.invoice.id
    pages = hosted_pages(documents, gateway, call=opened.call)
    try:
        return follow_checkout(documents, pages, session, call=opened.call, invoice_id=invoice_id).is_ours
    except Unavailable as error:
        return error.retryable  # the webhook will book it; an id that is none is refused for good


def _card(opened: Opened, *, here: str, just_saved: bool = False) -> Response:
    [customer] = Customers.of(opened.parts.engine.documents, opened.tenant.id).get([opened.invoice.customer_id])
    saved = "" if customer is None else customer.value.payment_method
    visit = replace(opened.visit(here=here), up=f"../{here}{opened.token}")
    page = method_page(
        opened.invoice, saved=saved, just_saved=just_saved and bool(saved), visit=visit, look=opened.look
    )
    return _html(opened, page)


def _pdf(opened: Opened) -> Response:
    files = [each for each in opened.invoice.attachments if each.content_type == "application/pdf"]
    if not files:
        raise NoSuchLink
    name = re.sub(r"[^A-Za-z0-9._-]", "-", opened.invoice.number)
    headers = {
        "content-disposition": f'inline; filename="{name}.pdf"',
        "content-security-policy": "frame-ancestors 'none'",
        "x-robots-tag": "noindex, nofollow",
    }
    return Response(opened.parts.engine.objects.get(files[0].key), media_type="application/pdf", headers=headers)


def _html(opened: Opened, page: Page) -> Response:
    headers = page_headers(page, checkout_origin=opened.parts.checkout_origin)
    return Response(page.html, media_type="text/html", headers=headers)


def _to(url: str) -> Response:
    return RedirectResponse(url, status_code=303)
