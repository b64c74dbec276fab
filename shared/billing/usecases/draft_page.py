"""Draft every invoice of a page, without a commit: the pure core applied to the facts that were gathered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from billing.domain.charged_stretch import ChargedStretch
from billing.domain.invoicing import CreditDraft, Draft, InvoiceFacts, Skip, draft_invoice, invoice_id_of
from billing.domain.late_usage import LateBuckets, late_usage_of
from billing.domain.subscription import Subscription
from billing.domain.suspension import waits_for_return
from billing.domain.usage import Bucket
from billing.store.collection import Stored
from billing.usecases.gather_facts import DueCase, gather_facts
from billing.usecases.refusal import Refused, or_refused
from billing.usecases.run_context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A due case and what it comes to."""

    case: DueCase
    draft: Draft | CreditDraft | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedPage:
    """A page of due subscriptions: what they come to, those that can't be billed, and those that are not to be yet.

    Who is `waiting` has a customer whose service is suspended and who is billed on return.
    """

    page: Sequence[Stored[Subscription]]
    drafted: Sequence[Drafted]
    refused: Sequence[Refused]
    waiting: Sequence[DueCase] = ()

    def behind(self, as_of: datetime) -> bool:
        """Whether some of the page will still be due after this bill."""
        following = (each.draft.subscription.next_billing_at for each in self.drafted)
        return any(due is not None and due <= as_of for due in following)


def draft_page(context: RunContext, page: Sequence[Stored[Subscription]]) -> DraftedPage:
    """Draft each subscription of the page; one that can't be billed stands with its error and stops no other."""
    return draft_cases(context, page, gather_facts(context, page))


def draft_cases(
    context: RunContext,
    page: Sequence[Stored[Subscription]],
    cases: Sequence[DueCase | Refused],
    *,
    revision: int = 0,
    charged: tuple[ChargedStretch, ...] = (),
) -> DraftedPage:
    """Draft what was gathered for a page, as that revision of each bill; one that is made again waits for nobody.

    `charged` is what later bills have charged of the time of the one bill that is made again.
    """
    drafted: list[Drafted] = []
    refused: list[Refused] = []
    waiting: list[DueCase] = []
    for case in cases:
        if not isinstance(case, DueCase):
            refused.append(case)
            continue
        if revision == 0 and waits_for_return(context.tenant, case.customer.value):
            waiting.append(case)
            continue
        draft = or_refused(case.subscription, partial(_drafted, context, case, revision=revision, charged=charged))
        if isinstance(draft, Drafted):
            drafted.append(draft)
        else:
            refused.append(draft)
    return DraftedPage(page=page, drafted=drafted, refused=refused, waiting=waiting)


def _drafted(context: RunContext, case: DueCase, *, revision: int, charged: tuple[ChargedStretch, ...]) -> Drafted:
    return Drafted(case=case, draft=draft_invoice(_facts(context, case, revision=revision, charged=charged)))


def _facts(context: RunContext, case: DueCase, *, revision: int, charged: tuple[ChargedStretch, ...]) -> InvoiceFacts:
    usage: dict[str, dict[datetime, Bucket]] = {}
    for rollup in case.rollups:
        usage.setdefault(rollup.value.meter, {}).update(rollup.value.buckets)
    return InvoiceFacts(
        tenant=context.tenant,
        customer=case.customer.value,
        subscription=case.subscription.value,
        plans=case.plans,
        usage=usage,
        late=_late(case, revision=revision),
        taxes=context.taxes,
        exchange=context.exchange,
        issued_at=context.request.as_of,
        revision=revision,
        cycle=case.cycle,
        charged=charged,
    )


def _late(case: DueCase, *, revision: int) -> Mapping[str, LateBuckets]:
    """What came late and waits; for a bill that is made again, what its first revision billed of it."""
    if not case.late:
        return {}
    first = invoice_id_of(case.subscription.value.id, case.cycle, revision=0)
    return late_usage_of([each.value for each in case.late], invoice_id=first if revision else "")
