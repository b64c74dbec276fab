"""`GET /api/files/{token}`: the PDF behind a short-lived link (see file_link); one 404 for whatever opens nothing."""

from fastapi import APIRouter, Response

from billing.api.file_link import opened_file
from billing.api.pay_engine import Door
from billing.api.pay_page import PAYMENT_LINK_KEY
from billing.domain.errors import NotFound
from billing.store.invoices import Invoices
from billing.usecases.file_document import filed_pdf

FILES = "/api/files"


def file_routes(door: Door) -> APIRouter:
    """The route, to be included into the proxy."""
    router = APIRouter(include_in_schema=False)

    @router.get(FILES + "/{token:path}")
    def pdf(token: str) -> Response:
        engine = door.parts().engine
        file = opened_file(token, keys=engine.secrets.get(PAYMENT_LINK_KEY), now=door.clock.now())
        [stored] = [None] if file is None else Invoices.of(engine.documents, file.tenant_id).get([file.invoice_id])
        body = b"" if stored is None else filed_pdf(engine.objects, stored.value)
        if stored is None or not body:
            raise NotFound("file", "behind this link")
        name = f'inline; filename="{stored.value.number}.pdf"'
        return Response(body, media_type="application/pdf", headers={"Content-Disposition": name})

    return router
