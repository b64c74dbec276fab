"""Have open dunning cases looked at no later than the policy says that they follow now."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from billing.domain.charging import awaits_payment
from billing.domain.dunning import Rest, decide
from billing.domain.dunning_policies import DunningPolicies
from billing.domain.period import local_date
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.dunning_cases import DunningCases
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.policy_effect import OpenCase, open_case


def look_earlier(
    documents: Documents, cases: Iterable[OpenCase], policies: DunningPolicies, *, call: Call, dry_run: bool = False
) -> int:
    """How many of the cases are due before the day on which they would be looked at; that is moved, unless it is dry.

    A case keeps that day, and one that is due earlier by another policy would be found too late.
    """
    earlier = [each for each in cases if _earlier(policies, each) is not None]
    if not dry_run:
        for each in earlier:
            again_while_others_write(_moving(documents, each, policies, call=call))
    return len(earlier)


def _earlier(policies: DunningPolicies, open_: OpenCase) -> datetime | None:
    """When the case is due by its policy, where that is a day before it would be looked at; None where it is not.

    Asked as of the case's start, so that what is due is not told from what is overdue by now.
    """
    case, invoice = open_.case, open_.invoice.value
    if awaits_payment(invoice):
        return None
    decision = decide(policies.of(open_.customer), invoice, open_.customer, as_of=case.started_at)
    due_at = decision.next_at if isinstance(decision, Rest) else case.started_at
    if due_at is None or case.next_at is None:
        return due_at
    is_before = local_date(due_at, invoice.zone) < local_date(case.next_at, invoice.zone)
    return due_at if is_before else None


def _moving(documents: Documents, open_: OpenCase, policies: DunningPolicies, *, call: Call) -> Callable[[], None]:
    return lambda: _move(documents, open_.invoice.value.id, policies, call=call)


def _move(documents: Documents, invoice_id: str, policies: DunningPolicies, *, call: Call) -> None:
    """Write when the case is looked at, as it stands now; nothing where it is over or early enough meanwhile."""
    now = open_case(documents, call.tenant_id, invoice_id)
    due_at = None if now is None else _earlier(policies, now)
    if now is None or due_at is None:
        return
    after = replace(now.invoice.value, dunning=replace(now.case, next_at=due_at))
    state = now.case.state.value
    reason = "the policy changed: it is looked at earlier"
    record = call.record(f"invoices/{invoice_id}", "dunning.rescheduled", before=state, after=state, reason=reason)
    documents.commit(
        [
            DunningCases.of(documents, call.tenant_id).changed(now.invoice, after),
            AuditLog.of(documents, call.tenant_id).batch(
                [record],
                batch_id=commit_name("policy", invoice_id, now.invoice.version),
                recorded_at=call.recorded_at,
            ),
        ]
    )
