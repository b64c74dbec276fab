"""What passes is waited for, whoever says it: an account made or an API switched on just now, changes in a row."""

import grpc
import pytest

from infra.errors import Halted
from tests.infra.cloud import PROJECT, World

NO_ACCOUNT = f"Service account generate-invoices@{PROJECT}.iam.gserviceaccount.com does not exist."
OFF = (
    "Cloud Tasks API has not been used in project 12345 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/cloudtasks.googleapis.com/overview?project=12345 then retry. "
    "If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
)
ACTS_AS = (
    'The principal (user or service account) lacks IAM permission "iam.serviceAccounts.actAs" for the resource '
    f'"scheduler@{PROJECT}.iam.gserviceaccount.com" (or the resource may not exist).'
)
FORBIDDEN, INVALID = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT


def test_gcloud_is_waited_for(world: World) -> None:
    world.gcloud.state["refusals"] += [["projects add-iam-policy-binding", 1, f"INVALID_ARGUMENT: {NO_ACCOUNT}"]] * 3
    world.apply()
    assert world.plan().changes == []
    assert len(world.pauses) == 3


@pytest.mark.parametrize(
    ("method", "refusal"),
    [
        ("CreateSecret", (FORBIDDEN, OFF)),
        ("SetIamPolicy", (INVALID, NO_ACCOUNT)),
        ("CreateQueue", (FORBIDDEN, OFF)),
        ("CreateJob", (FORBIDDEN, ACTS_AS)),
        ("Rules", (FORBIDDEN, OFF)),
    ],
)
def test_the_services_are_waited_for(world: World, method: str, refusal: tuple[grpc.StatusCode, str]) -> None:
    world.google.passing[method] = [refusal] * 3
    world.apply()
    assert world.plan().changes == []
    assert len(world.pauses) == 3


@pytest.mark.parametrize(
    "said",
    [
        "ABORTED: Please retry, underlying data changed",
        "ABORTED: Aborted due to cross-transaction contention. This occurs when multiple transactions access the same",
        "Too much contention on these datastore entities. Please try again.",
    ],
)
def test_a_change_that_ran_into_those_before_it_is_made_again_after_longer_and_longer_pauses(
    world: World, said: str
) -> None:
    changes = ("firestore indexes composite create", "firestore indexes fields update", "firestore fields ttls update")
    world.gcloud.state["refusals"] += [[change, 1, said] for change in (*changes, changes[-1], changes[-1])]
    world.apply()
    assert world.plan().changes == []
    assert world.pauses == [2, 2, 2, 4, 8]


def test_a_plan_waits_too_as_the_run_before_may_just_have_switched_the_api_on(applied: World) -> None:
    applied.google.passing["GetQueue"] = [(FORBIDDEN, OFF)]
    assert applied.plan().changes == []
    assert len(applied.pauses) == 1


def test_it_is_waited_for_a_minute_and_no_longer(world: World) -> None:
    world.google.refusals["CreateJob"] = (FORBIDDEN, ACTS_AS)
    with pytest.raises(Halted, match="stopped at: . job generate-invoices"):
        world.apply()
    assert 45 <= sum(world.pauses) <= 60


def test_what_does_not_pass_is_not_waited_for(world: World) -> None:
    world.google.refusals["CreateQueue"] = (FORBIDDEN, "The principal lacks IAM permission.")
    with pytest.raises(Halted):
        world.apply()
    assert world.pauses == []
