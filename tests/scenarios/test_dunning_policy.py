"""A tenant's policy beside its runs: what is previewed is what is done, and what a change of it does to open cases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing.domain.audit import AuditRecord
from billing.domain.dunning_policies import DEFAULT_POLICY, DunningPolicies
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep, StepTemplate
from billing.domain.dunning_preview import preview
from billing.ports import Update
from billing.sandbox.server import RunningSandbox
from billing.store.audit import AuditLog
from billing.store.tenants import Tenants
from billing.usecases.assign_policy import assign_policy
from billing.usecases.policy_effect import PolicyEffect
from billing.usecases.set_policies import SetPolicies, set_policies
from tests.collected_invoice import running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.unpaid import dunned_on, fails, recorded, the_case, the_customer

__all__ = ["running", "sandbox", "world"]

SOON = DunningPolicy(
    steps=(
        DunningStep(day=0, retry=True, state=CaseState.RETRY_SCHEDULED),
        DunningStep(day=1, template=StepTemplate.URGENT, state=CaseState.URGENT_NOTICE),
        DunningStep(day=2, state=CaseState.MANUAL_REVIEW),
    ),
    suspend_after_days=5,
)
LATE = replace(
    DEFAULT_POLICY,
    steps=(*DEFAULT_POLICY.steps[:3], DunningStep(day=40, state=CaseState.MANUAL_REVIEW)),
    suspend_after_days=None,
)


def sets(world: CardWorld, policy: DunningPolicy, *, dry_run: bool = False, **others: DunningPolicy) -> SetPolicies:
    named = tuple(replace(each, name=name) for name, each in others.items())
    policies = DunningPolicies(policies=(policy, *named))
    done = set_policies(world.documents, policies, call=world.call(), dry_run=dry_run)
    world.tenant = Tenants(world.documents).get(world.tenant.id)
    return done


@pytest.mark.parametrize("code", ["insufficient_funds", "expired_card", "stolen_card", "processing_error"])
@pytest.mark.parametrize("policy", [DEFAULT_POLICY, SOON], ids=["default", "soon"])
def test_a_preview_is_what_the_runs_then_do(
    sandbox: RunningSandbox, world: CardWorld, code: str, policy: DunningPolicy
) -> None:
    sets(world, policy)
    fails(sandbox, world, code=code)
    foreseen = preview(policy, the_invoice(world), the_customer(world), as_of=world.now)
    done = []
    for day in range(24):
        on = date(2026, 2, 1) + timedelta(days=day)
        world.travels_to(f"{on}T01:00")
        done += [(on, each.notice, each.after) for each in world.runs_dunning().details]
    shown: dict[date, tuple[str, CaseState]] = {}
    for row in foreseen:
        notice = "" if row.notice == "service_suspended" else row.notice
        shown[row.on] = (shown.get(row.on, ("", row.state))[0] or notice, row.state)
    assert done == [(on, *row) for on, row in shown.items()]
    retried = [each.at.date() for each in the_customer(world).card_tries]
    assert retried == [row.on for row in foreseen if row.retry]


def test_open_cases_are_looked_at_as_early_as_their_new_policy_says(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world)
    dunned_on(world, "2026-02-01")
    assert str(the_case(world).next_at) == "2026-02-04 00:00:00+00:00"
    done = sets(world, SOON)
    assert done.effects == (PolicyEffect(policy="default", cases=1, moved=1),)
    assert (done.earlier, str(the_case(world).next_at)) == (1, "2026-02-02 00:00:00+00:00")
    assert dunned_on(world, "2026-02-02", "2026-02-03", "2026-02-06") == [
        "urgent_notice",
        "manual_review",
        "suspended",
    ]
    [record] = [each for each in recorded(world) if each.event == "dunning.rescheduled"]
    assert record.reason == "the policy changed: it is looked at earlier"


def test_a_later_policy_moves_no_case_by_itself_and_the_next_run_waits(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world)
    dunned_on(world, "2026-02-01", "2026-02-04", "2026-02-08")
    assert sets(world, LATE).earlier == 0
    assert dunned_on(world, "2026-02-15", "2026-02-22", "2026-03-13") == ["overdue", "manual_review"]
    assert the_case(world).suspended_at is None


def test_a_dry_run_says_the_same_and_writes_nothing(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world)
    dunned_on(world, "2026-02-01")
    tried = sets(world, SOON, dry_run=True)
    assert (world.tenant.dunning, str(the_case(world).next_at)) == (DunningPolicies(), "2026-02-04 00:00:00+00:00")
    assert replace(sets(world, SOON), version=tried.version) == tried


def test_setting_the_same_again_does_what_a_call_that_died_has_left(sandbox: RunningSandbox, world: CardWorld) -> None:
    """The tenant has the new policy and the case its old day: the call ended between the two commits."""
    fails(sandbox, world)
    dunned_on(world, "2026-02-01")
    tenants = Tenants(world.documents)
    changed = replace(tenants.get(world.tenant.id), dunning=DunningPolicies(policies=(SOON,)))
    world.documents.commit([tenants.saving(changed)])
    done = sets(world, SOON)
    assert (done.changes, done.earlier) == ((), 1)
    assert str(the_case(world).next_at) == "2026-02-02 00:00:00+00:00"
    assert sets(world, SOON).earlier == 0


def test_a_service_that_stops_with_the_next_run_and_a_policy_that_is_gone_are_counted(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """On day 7 under a policy that would suspend on day 21, set to one that does so on day 5."""
    sets(world, DEFAULT_POLICY, gentle=LATE)
    fails(sandbox, world)
    customer = f"tenants/{world.tenant.id}/customers/lumen"
    world.documents.commit([Update(customer, {"dunning_policy": "gentle"})])
    dunned_on(world, "2026-02-01", "2026-02-04", "2026-02-08")
    done = sets(world, SOON)
    assert done.effects == (PolicyEffect(policy="default", cases=1, moved=1, suspended=1, left_over=1),)


def test_a_customer_that_follows_another_policy_is_looked_at_as_early_as_that_says(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    sets(world, DEFAULT_POLICY, soon=SOON)
    fails(sandbox, world)
    dunned_on(world, "2026-02-01")
    for earlier in (1, 0):
        done = assign_policy(world.documents, "lumen", policy="soon", call=world.call())
        assert (done.policy, done.earlier) == ("soon", earlier)
    assert dunned_on(world, "2026-02-02") == ["urgent_notice"]
    [record] = AuditLog.of(world.documents, world.tenant.id).about("customers/lumen")[-1:]
    assert (record.before, record.after) == ("policy -, segment -", "policy soon, segment -")


def test_each_change_is_a_record_with_the_policies_that_differ(world: CardWorld) -> None:
    sets(world, DEFAULT_POLICY, soon=SOON)
    world.travels_to("2026-01-02")
    sets(world, DEFAULT_POLICY, soon=replace(SOON, most_tries=1))
    steps = "soon: 0 retry, 1 urgent_notice, 2 manual_review; suspends after 5 days or 3 notices"
    assert [(each.before, each.after) for each in settings_recorded(world)] == [
        ("", steps),
        (steps, f"{steps}; at most 1 charge"),
    ]


def settings_recorded(world: CardWorld) -> list[AuditRecord]:
    return AuditLog.of(world.documents, world.tenant.id).about("settings/dunning")
