"""What `python -m infra` answers, by exit code and words; the guide's test starts it as people do."""

import io
import json
import sys

import pytest

from infra.__main__ import main
from tests.infra.cloud import PROJECT, a_project


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has named no project and has no gcloud."""
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")


def infra(monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = "") -> int:
    monkeypatch.setattr(sys, "argv", ["infra", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return main()


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["plan"], 1, "project: is not set; name it by --project or GOOGLE_CLOUD_PROJECT"),
        (["plan", "--porject=x"], 1, "No such option: --porject"),
        (["plan", f"--project={PROJECT}", "--set", "mail"], 1, "--set mail: expected NAME=VALUE"),
        (["plan", f"--project={PROJECT}", "--file", "none.yaml"], 1, "none.yaml: No such file or directory"),
        (["plan", f"--project={PROJECT}"], 1, "gcloud is not installed: https://cloud.google.com/sdk/docs/install"),
        (["plan", "--help"], 0, "0 apply has nothing to do, 2 it has"),
        (["destroy", "--help"], 0, "neither Firestore nor a bucket that has objects"),
    ],
)
def test_a_call_that_can_not_go_on_says_why_and_is_not_taken_for_a_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert infra(monkeypatch, *arguments) == code
    printed = capsys.readouterr()
    assert said in " ".join((printed.out + printed.err).split())


@pytest.mark.parametrize("elsewhere", ["http://collector.example:80", "https://127.0.0.1:443"])
def test_credentials_go_to_google_or_to_a_test_server_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], elsewhere: str
) -> None:
    with a_project() as world:
        monkeypatch.setattr("infra.__main__.Gcloud", lambda _project: world.cloud().gcloud)
        world.apply()
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS", elsewhere)

        assert infra(monkeypatch, "plan", f"--project={PROJECT}") == 1
        assert "expected a test server, http://127.0.0.1:PORT, or nothing" in capsys.readouterr().err


def test_json_is_one_object_of_the_same_plan_and_the_same_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_project() as world:
        monkeypatch.setattr("infra.__main__.Gcloud", lambda _project: world.cloud().gcloud)
        plan = world.plan()

        assert infra(monkeypatch, "plan", f"--project={PROJECT}", "--json") == 2
        told = json.loads(capsys.readouterr().out)
        assert [(each["kind"], each["name"]) for each in told["changes"]] == [
            (change.resource.kind, change.resource.name) for change in plan.changes
        ]
        assert told["changes"][0]["action"] == "create"
        assert infra(monkeypatch, "apply", f"--project={PROJECT}", "--json") == 0
        steps = json.loads(capsys.readouterr().out)["steps"]
        assert steps == [step for each in told["changes"] for step in each["steps"]]
        assert infra(monkeypatch, "plan", f"--project={PROJECT}", "--json") == 0
        assert json.loads(capsys.readouterr().out)["changes"] == []


def test_a_step_that_fails_ends_with_1_and_says_what_was_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_project() as world:
        monkeypatch.setattr("infra.__main__.Gcloud", lambda _project: world.cloud().gcloud)
        world.gcloud.state["refusals"].append(["iam service-accounts create scheduler", 1, "HTTPError 503"])

        assert infra(monkeypatch, "apply", f"--project={PROJECT}") == 1
        assert "2 of " in capsys.readouterr().err
        assert [each["email"] for each in world.gcloud.state["accounts"]] == [
            f"billing@{PROJECT}.iam.gserviceaccount.com"
        ]


def test_destroy_goes_on_only_when_the_project_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_project() as world:
        monkeypatch.setattr("infra.__main__.Gcloud", lambda _project: world.cloud().gcloud)
        world.apply()

        assert infra(monkeypatch, "destroy", f"--project={PROJECT}", typed="yes\n") == 1
        assert "nothing was deleted" in capsys.readouterr().err
        assert len(world.google.jobs) == len(world.declaration.jobs)
        assert infra(monkeypatch, "destroy", f"--project={PROJECT}", typed=f"{PROJECT}\n") == 0
        assert world.google.jobs == {}


def test_destroy_leaves_firestore_and_a_bucket_that_has_objects(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_project() as world:
        monkeypatch.setattr("infra.__main__.Gcloud", lambda _project: world.cloud().gcloud)
        world.apply()
        world.gcloud.state["buckets"][f"gs://{PROJECT}-invoices"]["objects"] = 187
        before = {name: list(world.gcloud.state[name]) for name in ("databases", "indexes", "fields")}

        assert infra(monkeypatch, "destroy", f"--project={PROJECT}", "--yes") == 0
        printed = capsys.readouterr().out
        assert f"Left: bucket {PROJECT}-invoices: it has objects" in printed
        assert list(world.gcloud.state["buckets"]) == [f"gs://{PROJECT}-invoices"]
        assert {name: list(world.gcloud.state[name]) for name in before} == before
        assert world.google.releases != {}
        assert (world.google.queues, world.google.secrets, world.gcloud.state["functions"]) == ({}, {}, {})
        assert not any("firestore" in command for command in world.gcloud.changes() if "delete" in command)

        assert infra(monkeypatch, "destroy", f"--project={PROJECT}", "--yes") == 0
