"""Plans as people read them: of an empty project, of one in which much has drifted, and of what stays as it is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from infra.declaration import Declaration
from infra.plan import Plan
from infra.shown import plan_lines
from tests.infra.cloud import PROJECT, a_project
from tests.infra.drifts import DRIFTS
from tests.infra.test_left_alone import KEPT_LONGER, pause_for_a_restore
from tests.infra.test_shrink import OF_ANOTHER_VERSION

FOLDER = Path(__file__).with_name("infra")
DRIFTED = [name for name in DRIFTS if name != "an API that is off"]


def plain(plan: Plan, declaration: Declaration) -> str:
    shown = "\n".join([*plan_lines(plan, declaration), ""])
    return re.sub("\x1b\\[[0-9;]*m", "", shown)


def without_indexes(plan: Plan) -> Plan:
    """The plan but for one collection's fields and two indexes: the others come and go with the code's queries."""
    shown = (
        "Firestore fields events",
        "Firestore index subscriptions by shard asc, next_billing_at asc, customer_id asc",
        "Firestore index invoices by shard asc, dunning_at asc",
    )
    kinds = ("Firestore fields", "Firestore index")
    changes = [each for each in plan.changes if each.resource.kind not in kinds or each.title in shown]
    return replace(plan, changes=changes, unchanged=0)


def compare(name: str, text: str, *, renew: bool) -> None:
    file = FOLDER / name
    if renew:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "make golden writes the plans anew; read what differs"


@pytest.mark.parametrize("name", ["empty", "drifted", "left", "stuck"])
def test_a_plan_reads_as_it_did(name: str, renew_golden: bool) -> None:
    with a_project(alerts_to="ops@acme.example") as world:
        if name != "empty":
            world.apply()
        if name == "drifted":
            for drift in DRIFTED:
                DRIFTS[drift][0](world)
        if name == "left":
            pause_for_a_restore(world)
            for happens, _ in (KEPT_LONGER["a longer retention"], KEPT_LONGER["objects that are deleted later"]):
                happens(world)
            for needed in ("documents that it keeps", "an old index"):
                OF_ANOTHER_VERSION[needed][0](world.gcloud.state)
        if name == "stuck":
            world.gcloud.state["databases"][0]["locationId"] = "nam5"
            world.gcloud.state["buckets"][f"gs://{PROJECT}-exports"]["location"] = "US"
        compare(f"plan-{name}.txt", plain(without_indexes(world.plan()), world.declaration), renew=renew_golden)
