"""Alerts: whoever hears one goes on hearing it, and what is not declared of it stays."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.applying import destroy, doomed
from infra.resources import resources
from tests.infra.cloud import PROJECT, World, a_project

PAGER = f"projects/{PROJECT}/notificationChannels/900"
OURS = f"projects/{PROJECT}/notificationChannels/500"


def a_pager_hears(world: World) -> dict[str, Any]:
    """Somebody added a channel of theirs to an alert by hand, and a label and a severity; the alert."""
    world.gcloud.state["channels"].append({"name": PAGER, "type": "pagerduty", "labels": {}})
    alert: dict[str, Any] = world.gcloud.state["alerts"][0]
    alert["notificationChannels"].append(PAGER)
    alert["userLabels"]["team"] = "finance"
    alert["severity"] = "CRITICAL"
    alert["creationRecord"] = {"mutateTime": "2026-01-01T00:00:00Z"}
    return alert


def the_alert(world: World) -> Mapping[str, Any]:
    found: Mapping[str, Any] = world.gcloud.state["alerts"][0]
    return found


def test_who_else_hears_an_alert_is_nobodys_drift(applied: World) -> None:
    a_pager_hears(applied)
    assert applied.plan().changes == []


def test_an_alert_that_is_repaired_tells_everybody_whom_it_told_and_keeps_what_is_not_declared(applied: World) -> None:
    a_pager_hears(applied)["enabled"] = False

    applied.apply()
    alert = the_alert(applied)
    assert (alert["enabled"], alert["notificationChannels"]) == (True, [OURS, PAGER])
    assert alert["userLabels"] == {"billing_alert": "no-billing-run", "team": "finance"}
    assert alert["severity"] == "CRITICAL"
    assert "creationRecord" not in alert
    assert applied.plan().changes == []


@pytest.mark.parametrize("enabled", [True, False])
def test_our_address_comes_to_the_others_and_never_in_their_place(applied: World, enabled: bool) -> None:
    a_pager_hears(applied).update(notificationChannels=[PAGER], enabled=enabled)

    applied.apply()
    assert the_alert(applied)["notificationChannels"] == [PAGER, OURS]
    assert applied.plan().changes == []


def test_without_an_address_of_ours_whoever_hears_an_alert_goes_on_hearing_it() -> None:
    with a_project() as world:
        world.apply()
        a_pager_hears(world)["enabled"] = False

        world.apply()
        assert the_alert(world)["notificationChannels"] == [PAGER]
        assert world.plan().changes == []


def test_destroy_leaves_a_channel_that_an_alert_of_somebody_elses_tells(applied: World) -> None:
    theirs = {"name": f"projects/{PROJECT}/alertPolicies/7", "displayName": "theirs", "notificationChannels": [OURS]}
    applied.gcloud.state["alerts"].append(theirs)

    found = doomed(resources(applied.declaration), applied.cloud())
    left = destroy(found, applied.cloud(), say=lambda _title, _step: None)
    assert [each.partition(" (")[0] for each in left] == [
        "notification channel ops@acme.example: another alert tells it"
    ]
    assert applied.gcloud.state["alerts"] == [theirs]
