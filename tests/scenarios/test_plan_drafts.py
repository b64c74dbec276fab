"""A plan's next version as a draft: kept however little it says, and published once, as the version after the last."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.adapters.book_files.plan_draft import content_of, flaws_of, plan_of_draft
from billing.domain.book import BookErrors
from billing.domain.catalog import Plan
from billing.domain.errors import Conflict, InvalidInput, NotFound
from billing.domain.plan_draft import PlanDraft
from billing.ports import Query
from billing.store.plan_drafts import PlanDrafts
from billing.store.plans import PlanVersions
from billing.usecases.draft_plan import discard_plan_draft, publish_plan_draft, save_plan_draft
from billing.usecases.find_audit import find_audit
from billing.usecases.publish_plans import publish_plans
from tests.builders import a_plan
from tests.reviewing import call
from tests.world import World

FEES = [{"fee_id": "platform", "name": "Platform", "price": "49.00"}]
FULL = {"name": "API", "currency": "USD", "cycle": {"unit": "month"}, "trial_days": 14, "fees": FEES}


@pytest.fixture
def world() -> World:
    world = World()
    world.plan(a_plan(plan_id="api"))
    return world


def saves(world: World, **content: object) -> PlanDraft:
    world.now += timedelta(seconds=1)
    return save_plan_draft(world.documents, "api", content_of(content, plan_id="api"), call=call(world)).value


def publishes(world: World) -> Plan:
    world.now += timedelta(seconds=1)
    return publish_plan_draft(world.documents, "api", read_plan=plan_of_draft, call=call(world))


def drafts(world: World) -> list[PlanDraft]:
    return PlanDrafts.of(world.documents, "acme").all()


def versions(world: World) -> list[Plan]:
    return PlanVersions.of(world.documents, "acme").of_plan("api")


def test_a_draft_says_what_it_lacks_until_it_is_whole_and_becomes_the_next_version(world: World) -> None:
    draft = saves(world, name="API", currency="usd")
    assert [each.column for each in flaws_of(draft, 2)] == ["currency", "cycle"]
    with pytest.raises(BookErrors):
        publishes(world)
    assert drafts(world) == [draft]
    assert len(versions(world)) == 1
    saves(world, **FULL)
    plan = publishes(world)
    assert (plan.ref, plan.trial_days, drafts(world)) == ("api@2", 14, [])
    assert versions(world)[1] == plan
    with pytest.raises(NotFound, match="no draft of plan 'api'"):
        publishes(world)
    told = find_audit(world.documents, "acme", entity="plan_drafts/api", limit=9)
    assert [each.record.event for each in told] == ["plan_draft.published", "plan_draft.saved", "plan_draft.saved"]
    assert told[0].record.after == "api@2"
    assert [told[0].record.before, told[1].record.before] == [told[1].record.after, told[2].record.after]
    [published] = find_audit(world.documents, "acme", entity="plans/api@2", limit=9)
    assert published.record.event == "plan.published"


def test_the_version_is_the_next_one_whatever_is_published_meanwhile(world: World) -> None:
    saves(world, **FULL)
    asked = list[int]()

    def read(draft: PlanDraft, version: int) -> Plan:
        asked.append(version)
        if len(asked) == 1:  # somebody else is quicker with the version that was to be this one's
            publish_plans(world.documents, [a_plan(plan_id="api", version=2)], call=call(world))
        return plan_of_draft(draft, version)

    plan = publish_plan_draft(world.documents, "api", read_plan=read, call=call(world))
    assert (asked, plan.ref) == ([2, 3], "api@3")
    assert [each.version for each in versions(world)] == [1, 2, 3]


def test_a_draft_that_is_published_meanwhile_is_not_published_again(world: World) -> None:
    saves(world, **FULL)

    def read(draft: PlanDraft, version: int) -> Plan:
        publishes(world)
        return plan_of_draft(draft, version)

    with pytest.raises(NotFound):
        publish_plan_draft(world.documents, "api", read_plan=read, call=call(world))
    assert [each.version for each in versions(world)] == [1, 2]


def test_a_plan_that_charges_nothing_at_all_is_not_whole_though_a_fee_of_0_is_one(world: World) -> None:
    [flaw] = flaws_of(saves(world, **FULL | {"fees": []}), 2)
    assert (flaw.column, flaw.message.partition(",")[0]) == ("fees", "expected a fee")
    with pytest.raises(BookErrors):
        publishes(world)
    assert flaws_of(saves(world, **FULL | {"fees": [{**FEES[0], "price": "0.00"}]}), 2) == ()
    assert flaws_of(saves(world, **FULL | {"fees": [], "minimum_commitment": "500"}), 2) == ()


def test_a_version_that_is_stated_has_to_be_the_next_one(world: World) -> None:
    draft = saves(world, **FULL, version=2)
    assert flaws_of(draft, 2) == ()
    world.plan(a_plan(plan_id="api", version=7))
    with pytest.raises(BookErrors, match="version: expected 8, the next one, or nothing, got 2"):
        publishes(world)
    saves(world, **FULL, version=8)
    assert publishes(world).ref == "api@8"


def test_saving_the_same_again_and_refusals_write_nothing(world: World) -> None:
    first = saves(world, **FULL)
    before = world.documents.query(Query("tenants/acme/audit"))
    assert saves(world, **FULL) == first
    refuse = _refuse
    with pytest.raises(Conflict):
        save_plan_draft(world.documents, "api", "{}", call=call(world), seen=refuse)
    with pytest.raises(Conflict):
        discard_plan_draft(world.documents, "api", call=call(world), seen=refuse)
    with pytest.raises(Conflict):
        publish_plan_draft(world.documents, "api", read_plan=plan_of_draft, call=call(world), seen=refuse)
    with pytest.raises(NotFound):
        save_plan_draft(world.documents, "api", "{}", call=replace(call(world), tenant_id="nobody"))
    with pytest.raises(InvalidInput):
        save_plan_draft(world.documents, "a/b", "{}", call=call(world))
    assert (drafts(world), world.documents.query(Query("tenants/acme/audit"))) == ([first], before)


def test_a_discarded_draft_is_gone_and_on_record(world: World) -> None:
    saves(world, **FULL)
    world.now += timedelta(seconds=1)
    discard_plan_draft(world.documents, "api", call=call(world))
    assert (drafts(world), len(versions(world))) == ([], 1)
    told = find_audit(world.documents, "acme", entity="plan_drafts/api", limit=9)
    assert [each.record.event for each in told] == ["plan_draft.discarded", "plan_draft.saved"]
    with pytest.raises(NotFound):
        discard_plan_draft(world.documents, "api", call=call(world))


def _refuse(_version: str) -> None:
    message = "it is another"
    raise Conflict(message)
