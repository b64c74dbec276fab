"""What Google says for a minute after an account was made or an API switched on is waited for, whoever says it."""

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
