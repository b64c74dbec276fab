"""What has to happen to an invoice after its issue, and what of that nobody wants any more."""

from billing.domain.invoice import CollectionMethod, Invoice, SettlementStep
from billing.domain.tenant import Tenant

RENDER, COLLECT, DELIVER = SettlementStep.RENDER, SettlementStep.COLLECT, SettlementStep.DELIVER


def steps_at_issue(invoice: Invoice, tenant: Tenant) -> tuple[SettlementStep, ...]:
    """The steps of an invoice that is being issued, in their order.

    It is always rendered; collected where its customer is charged automatically, the tenant has a gateway and something
    is due; delivered where the tenant sends mails.
    """
    is_charged = invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY and bool(tenant.gateway)
    wanted = {RENDER: True, COLLECT: is_charged and invoice.total > 0, DELIVER: bool(tenant.mail_sender)}
    return tuple(step for step, is_wanted in wanted.items() if is_wanted)


def without_collecting(pending: tuple[SettlementStep, ...]) -> tuple[SettlementStep, ...]:
    """The steps of an invoice that nothing is due on."""
    return tuple(step for step in pending if step is not COLLECT)
