"""Binds a tenant's look to what draws its documents and writes its mails; imports only what is used."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from billing.domain.invoice import Invoice
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import Notice
from billing.domain.tenant import Tenant
from billing.ports import Documents, Mail, Objects
from billing.store.mail_templates import MailTemplates
from billing.usecases.file_document import Files
from billing.usecases.settle_credit_notes import NumberedCredit

if TYPE_CHECKING:
    from billing.render.branding import Branding


def draw_invoices(tenant: Tenant, invoices: Sequence[Invoice], *, objects: Objects) -> Iterable[Files]:
    """The files of invoices, one after the other as they are asked for."""
    from billing.render.document_files import invoice_files

    look = partial(invoice_files, branding=_branding(tenant, objects=objects), formats=tenant.e_invoices)
    return (look(invoice) for invoice in invoices)


def draw_credit_notes(tenant: Tenant, credit_notes: Sequence[NumberedCredit], *, objects: Objects) -> Iterable[Files]:
    """The files of credit notes."""
    from billing.render.document_files import credit_note_files

    look = partial(credit_note_files, branding=_branding(tenant, objects=objects), formats=tenant.e_invoices)
    return (look(each.credit_note, invoice_number=each.invoice_number) for each in credit_notes)


class MailWriter:
    """Writes one tenant's mails; its own texts are read with the first."""

    def __init__(self, documents: Documents, tenant_id: str) -> None:
        self._documents = documents
        self._tenant_id = tenant_id
        self._overrides: Mapping[tuple[str, str], MailTemplate] | None = None

    def compose(self, notice: Notice) -> Mail:
        """The mail of a notice."""
        from billing.render.mail.compose import compose

        if self._overrides is None:
            self._overrides = MailTemplates.of(self._documents, self._tenant_id).all()
        return compose(notice, overrides=self._overrides)


def _branding(tenant: Tenant, *, objects: Objects) -> "Branding":
    """The tenant's look; its logo is read from the object store, where a missing one is NotFound."""
    from billing.render.branding import STANDARD_ACCENT, Branding

    return Branding(
        logo_png=objects.get(tenant.logo_key) if tenant.logo_key else b"",
        accent=tenant.accent_colour or STANDARD_ACCENT,
        footer=tenant.footer,
        paper=tenant.paper,
    )
