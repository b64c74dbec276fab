"""`billing e-invoice`: what invoices lack for EN 16931, which files they have, and turning e-invoices on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from billing.cli.directory import call_on, object_path, open_directory, the_tenant
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.screen import Json, answers, write_json
from billing.domain.invoice import Invoice
from billing.domain.missing_particular import MissingParticular
from billing.domain.particulars import require_particulars
from billing.domain.tenant import EInvoiceFormat, Tenant
from billing.store.invoices import Invoices
from billing.usecases.change_tenant import change_tenant

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An invoice, and what it lacks first (None: nothing)."""

    invoice: Invoice
    missing: MissingParticular | None


def run_check(id_or_number: str | None, *, tenant_id: str | None, directory: Path, as_json: bool) -> int:
    """Print what is missing; the exit code, 1 where anything is. NotFound for an unknown invoice."""
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    invoices = Invoices.of(engine.documents, tenant.id)
    wanted = invoices.all() if id_or_number is None else iter([invoices.named(id_or_number).value])
    checked = [_checked(each, tenant) for each in wanted]
    if as_json:
        write_json(_json(checked, tenant=tenant, directory=directory.resolve()))
    else:
        _print(checked, tenant=tenant, directory=directory, with_files=id_or_number is not None)
    return HAD_FAILURES if any(each.missing for each in checked) else DONE


def run_set(
    formats: Sequence[EInvoiceFormat], *, off: bool, tenant_id: str | None, directory: Path, as_json: bool
) -> None:
    """Turn e-invoices on or off, and print what is on. Refused where neither a form nor `off` is given, or both."""
    if off == bool(formats):
        message = "name the forms (factur-x, ubl), or use --off"
        raise Refused(message)
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    call = call_on(tenant)
    wanted = tuple(dict.fromkeys(formats))
    changed = change_tenant(engine.documents, lambda before: replace(before, e_invoices=wanted), call=call)
    now = [each.value for each in changed.tenant.e_invoices]
    if as_json:
        write_json({"tenant_id": tenant.id, "e_invoices": now})
    else:
        answers().print(f"{tenant.id}: e-invoices as {' and '.join(now)}" if now else f"{tenant.id}: no e-invoices")


def _checked(invoice: Invoice, tenant: Tenant) -> Checked:
    """Checked as if the tenant had every form on, whether it has or not."""
    try:
        require_particulars(invoice, tenant=replace(tenant, e_invoices=tuple(EInvoiceFormat)))
    except MissingParticular as missing:
        return Checked(invoice=invoice, missing=missing)
    return Checked(invoice=invoice, missing=None)


def _print(checked: list[Checked], *, tenant: Tenant, directory: Path, with_files: bool) -> None:
    console = answers()
    for each in checked:
        if each.missing is not None:
            console.print(f"[bold]{each.invoice.number}[/]  {each.missing}", soft_wrap=True)
        elif with_files:
            console.print(f"[bold]{each.invoice.number}[/]  has all that EN 16931 asks for")
        if with_files:
            for attachment in each.invoice.attachments:
                console.print(f"  {object_path(directory, attachment.key)}  {attachment.size:,} bytes", soft_wrap=True)
    if not with_files:
        ready = sum(each.missing is None for each in checked)
        console.print(f"{ready} of {len(checked)} invoices have all that EN 16931 asks for.")
    if not tenant.e_invoices:
        console.print("E-invoices are off for this tenant: docs/guides/e-invoices.md", style="dim")


def _json(checked: list[Checked], *, tenant: Tenant, directory: Path) -> Json:
    return {
        "tenant_id": tenant.id,
        "e_invoices": [each.value for each in tenant.e_invoices],
        "checked": len(checked),
        "ready": sum(each.missing is None for each in checked),
        "invoices": [_row(each, directory=directory) for each in checked],
    }


def _row(checked: Checked, *, directory: Path) -> Json:
    missing = checked.missing
    return {
        "number": checked.invoice.number,
        "missing": None if missing is None else {"field": missing.field, "rule": missing.rule, "message": str(missing)},
        "files": [str(object_path(directory, each.key)) for each in checked.invoice.attachments],
    }
