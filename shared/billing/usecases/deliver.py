"""The deliver step: send the mails about an invoice. Sent again they are the same mails, by their Message-IDs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from billing.domain.errors import BillingError
from billing.domain.notice import Notice
from billing.domain.run_report import SettlementFailure
from billing.domain.tenant import Tenant
from billing.ports import Mail, Mailer, MailRefused
from billing.usecases.refusal import foreseen
from billing.usecases.settle_documents import failure_of

Compose = Callable[[Notice], Mail]
"""Makes the mail of a notice: equal for an equal notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """How one tenant's mails are made and sent."""

    mailer: Mailer
    compose: Compose
    tenant: Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How many mails were sent, which nobody will ever take, and what keeps the others for the next run."""

    sent: int = 0
    refused: tuple[SettlementFailure, ...] = ()
    error: BillingError | None = None


def deliver(mailing: Mailing, notices: Sequence[Notice]) -> Delivery:
    """Send the mails of notices that have somebody to go to; one that is refused stops no other."""
    sent, refused = 0, list[SettlementFailure]()
    for notice in notices:
        if not notice.to:
            continue
        try:
            mailing.mailer.send(mailing.compose(notice))
            sent += 1
        except MailRefused as error:
            refused.append(failure_of(notice.invoice.id, error))
        except Exception as error:  # noqa: BLE001 - whatever one mail does to its making costs no other invoice its own
            return Delivery(sent=sent, refused=tuple(refused), error=foreseen(error))
    return Delivery(sent=sent, refused=tuple(refused))
