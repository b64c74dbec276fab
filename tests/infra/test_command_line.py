"""What `python -m infra` answers, by exit code and words; the guide's test starts it as people do."""

import io
import json
import sys
from collections.abc import Iterator

import pytest
from google.cloud.scheduler_v1 import Job

from infra.__main__ import main
from tests.infra.cloud import AT, PROJECT, World, a_project


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty project, which every call is about."""
    with a_project() as world:
        monkeypatch.setattr("infra.__main__.Gcloud", lambda _project: world.cloud().gcloud)
        yield world


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
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], elsewhere: str
) -> None:
    here.apply()
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS", elsewhere)

    assert infra(monkeypatch, "plan", f"--project={PROJECT}") == 1
    assert "expected a test server, http://127.0.0.1:PORT, or nothing" in capsys.readouterr().err


def test_json_is_one_object_of_the_same_plan_and_the_same_steps(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = here.plan()

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


def test_what_is_left_as_it_is_is_said_and_made_so_when_it_is_asked_for(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.apply()
    here.google.jobs[f"{AT}/jobs/sweep"].state = Job.State.PAUSED  # type: ignore[assignment]

    assert infra(monkeypatch, "plan", f"--project={PROJECT}", "--json") == 0
    [left] = json.loads(capsys.readouterr().out)["left"]
    assert (left["kind"], left["name"], left["field"], left["live"]) == ("job", "sweep", "state", "PAUSED")
    assert infra(monkeypatch, "plan", f"--project={PROJECT}", "--resume") == 2
    assert "resume the job" in capsys.readouterr().out
    assert infra(monkeypatch, "apply", f"--project={PROJECT}") == 0
    assert "Left as it is: job sweep: state: somebody paused it" in capsys.readouterr().out
    assert infra(monkeypatch, "apply", f"--project={PROJECT}", "--resume") == 0
    assert here.google.jobs[f"{AT}/jobs/sweep"].state == Job.State.ENABLED


def test_a_step_that_fails_ends_with_1_and_says_what_was_done(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.gcloud.state["refusals"].append(["iam service-accounts create api-proxy", 1, "HTTPError 503"])

    assert infra(monkeypatch, "apply", f"--project={PROJECT}") == 1
    assert "4 of " in capsys.readouterr().err
    made = [each["email"].partition("@")[0] for each in here.gcloud.state["accounts"]]
    assert made == ["generate-invoices", "run-dunning"]


def test_destroy_goes_on_only_when_the_project_is_typed(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.apply()

    assert infra(monkeypatch, "destroy", f"--project={PROJECT}", typed="yes\n") == 1
    assert "nothing was deleted" in capsys.readouterr().err
    assert len(here.google.jobs) == len(here.declaration.jobs)
    assert infra(monkeypatch, "destroy", f"--project={PROJECT}", typed=f"{PROJECT}\n") == 0
    assert here.google.jobs == {}


def test_destroy_leaves_firestore_and_a_bucket_that_has_objects(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.apply()
    here.gcloud.state["buckets"][f"gs://{PROJECT}-invoices"]["objects"] = 187
    before = {name: list(here.gcloud.state[name]) for name in ("databases", "indexes", "fields")}

    assert infra(monkeypatch, "destroy", f"--project={PROJECT}", "--yes") == 0
    printed = capsys.readouterr().out
    assert f"Left: bucket {PROJECT}-invoices: it has objects" in printed
    assert list(here.gcloud.state["buckets"]) == [f"gs://{PROJECT}-invoices"]
    assert {name: list(here.gcloud.state[name]) for name in before} == before
    assert here.google.releases != {}
    assert (here.google.queues, here.google.secrets, here.gcloud.state["functions"]) == ({}, {}, {})
    assert not any("firestore" in command for command in here.gcloud.changes() if "delete" in command)

    assert infra(monkeypatch, "destroy", f"--project={PROJECT}", "--yes") == 0


def test_help_says_each_command_in_a_whole_sentence_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert infra(monkeypatch, "-h") == 0
    said = capsys.readouterr().out
    assert "Make it so; run again, it goes on where it stopped." in said
    assert "..." not in said.partition("Commands:")[2]
