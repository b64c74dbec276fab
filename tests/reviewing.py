"""What a person does in a world: looks at the queue, approves, rejects, makes void and reissues."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from billing.domain.invoice import Invoice
from billing.domain.review import Review, ReviewStatus
from billing.ports import Documents
from billing.store.collection import Stored
from billing.store.reviews import Reviews
from billing.store.tenants import Tenants
from billing.usecases.approve_invoices import ApprovalReport, approve_invoices
from billing.usecases.call import Call
from billing.usecases.generate_invoices import RunOptions
from billing.usecases.reissue_invoice import reissue_invoice
from billing.usecases.reject_invoice import reject_invoice
from billing.usecases.settle_invoices import settle_invoices
from billing.usecases.void_invoice import void_invoice
from tests.world import World


def call(world: World) -> Call:
    """A person asks, now."""
    return Call(tenant_id=world.tenant.id, actor="ada", recorded_at=world.now)


def settings(world: World, **changes: Any) -> None:  # noqa: ANN401 - any field of the tenant
    """Change the tenant's settings."""
    world.tenant = replace(world.tenant, **changes)
    world.documents.commit([Tenants(world.documents).saving(world.tenant)])


def approve(
    world: World, invoice_ids: Sequence[str] | None = None, *, through: Documents | None = None
) -> ApprovalReport:
    """Approve these held invoices, or all, and settle them."""
    settlement = world.settlement(documents=through)
    options = RunOptions(
        payment_url=lambda invoice_id: f"https://pay.example/{invoice_id}",
        settle=partial(settle_invoices, settlement),
    )
    return approve_invoices(through or world.documents, invoice_ids, call=call(world), options=options)


def reject(world: World, invoice_id: str, *, note: str = "wrong price") -> Review:
    """Take a draft back."""
    return reject_invoice(world.documents, invoice_id, note=note, call=call(world))


def void(world: World, id_or_number: str, *, reason: str = "wrong address") -> Invoice:
    """Make an issued invoice void."""
    return void_invoice(world.documents, id_or_number, reason=reason, call=call(world))


def reissue(world: World, id_or_number: str) -> Invoice:
    """Invoice a void period again, and settle the new invoice."""
    issued = reissue_invoice(world.documents, id_or_number, call=call(world))
    assert isinstance(issued, Stored)
    settle_invoices(world.settlement(), [issued])
    return issued.value


def reviews(world: World, *, status: ReviewStatus | None = ReviewStatus.OPEN) -> list[Review]:
    """The queue by id."""
    found = Reviews.of(world.documents, world.tenant.id).list(status=status)
    return [each.value for each in found]
