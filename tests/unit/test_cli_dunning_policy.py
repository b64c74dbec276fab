"""`billing dunning policy` and `preview`: what they print, what they answer as JSON, and every refusal."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

from billing.domain.dunning_policies import DunningPolicies
from billing.store.tenants import Tenants
from billing.usecases.dunning_run import DunningRequest
from billing.wiring import local_engine
from tests.builders import a_customer, a_fee, a_plan, a_tenant, utc
from tests.command_line import ROOT, answer, billing
from tests.world import World

SAMPLES = ROOT / "samples" / "dunning"
STRICT = "0 retry, 1 payment_reminder+retry, 3 urgent_notice+retry, 5 final_notice+retry, 7 manual_review"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A seller in UTC with an invoice by transfer, issued on 1 February and due on 3 March."""
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    world = World(documents=engine.documents, objects=engine.objects, tenant=a_tenant(mail_sender="ap@acme.test"))
    world.customer("acme", party=replace(a_customer().party, email="ap@lumen.test"))
    world.subscribes("acme", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    return tmp_path


def dunning(*arguments: str | Path, directory: Path) -> Result:
    return billing("dunning", *arguments, "--dir", directory)


def rows(*arguments: str | Path, directory: Path) -> list[tuple[int, str, str, str]]:
    found = answer(dunning("preview", *arguments, "--json", directory=directory))["rows"]
    return [(each["day"], each["on"], "retry" if each["retry"] else "", each["notice"]) for each in found]


def refused(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.removeprefix("billing: ").rstrip("\n")


def test_what_is_shown_as_json_can_be_set_again(directory: Path, tmp_path: Path) -> None:
    dunning("policy", "set", SAMPLES / "enterprise.json", directory=directory)
    shown = answer(dunning("policy", "show", "--json", directory=directory))
    file = tmp_path / "shown.json"
    file.write_text(json.dumps(shown))
    assert answer(dunning("policy", "set", file, "--json", directory=directory))["changed"] == []


def test_one_policy_is_shown_with_its_steps_and_followers(directory: Path) -> None:
    dunning("policy", "set", SAMPLES / "enterprise.json", directory=directory)
    shown = dunning("policy", "show", "--name", "enterprise", directory=directory)
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["enterprise", "followed", "by", "segment", "enterprise"],
        ["Day", "Charge", "Notice", "By", "State"],
        ["5", "-", "payment_reminder", "email", "reminder_sent"],
        ["15", "-", "payment_reminder", "email", "reminder_sent"],
        ["30", "-", "urgent_notice", "event", "urgent_notice"],
        ["45", "-", "-", "-", "manual_review"],
        ["never", "suspends"],
        ["quiet", "from", "18:00", "to", "08:00"],
    ]
    only = answer(dunning("policy", "show", "--name", "default", "--json", directory=directory))
    assert ([each["name"] for each in only["policies"]], only["segments"]) == (["default"], {})


def test_a_policy_that_there_is_not_is_refused_with_those_that_there_are(directory: Path) -> None:
    message = "policy: expected one of ['default'], got 'stern'"
    assert refused(dunning("policy", "show", "--name", "stern", directory=directory)) == message
    assert refused(dunning("preview", "--policy", "stern", directory=directory)) == message


@pytest.mark.parametrize("sample", ["default", "enterprise", "strict"])
def test_each_sample_is_sound_and_without_doubt(sample: str) -> None:
    file = SAMPLES / f"{sample}.json"
    checked = billing("dunning", "policy", "check", file)
    assert checked.stdout.splitlines()[-1] == f"{file}: sound"
    assert answer(billing("dunning", "policy", "check", file, "--json"))["warnings"] == []


def test_a_doubt_is_said_and_no_refusal(directory: Path, tmp_path: Path) -> None:
    content = json.loads((SAMPLES / "default.json").read_text())
    content["policies"][0]["declines"] = {"expired_crad": "retry"}
    file = tmp_path / "doubtful.json"
    file.write_text(json.dumps(content))
    doubt = "default: declines.expired_crad is no decline code that is known; it counts where a gateway says it"
    assert f"doubtful: {doubt}" in billing("dunning", "policy", "check", file).stdout
    assert answer(dunning("policy", "set", file, "--json", directory=directory))["warnings"] == [doubt]


def test_a_file_with_mistakes_is_refused_with_each_of_them(directory: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    file.write_text('{"policies": [\n {"name": "default", "steps": []},\n {"name": "b", "steps": 1}]}')
    for verb in ("check", "set"):
        where = () if verb == "check" else ("--dir", directory)
        message = refused(billing("dunning", "policy", verb, file, *where))
        assert message.splitlines() == [
            "1 error; nothing was written",
            "wrong.json:3: policies[1].steps: expected a list, got 1",
        ]
    assert Tenants(local_engine(directory, payment_link_base="").documents).get("acme").dunning == DunningPolicies()


def test_setting_says_what_differs_and_a_dry_run_writes_nothing(directory: Path) -> None:
    tried = dunning("policy", "set", SAMPLES / "strict.json", "--dry-run", directory=directory).stdout.splitlines()
    assert tried[0] == "acme, dry run: nothing was written"
    assert tried[1].startswith("  - default: 0 retry, 3 payment_reminder+retry, 7 urgent_notice+retry, 14 manual")
    assert tried[2].startswith(f"  + default: {STRICT}; suspends after 10 days or 3 notices, 2 days of grace; quiet")
    assert tried[3] == "no case is open"
    done = dunning("policy", "set", SAMPLES / "strict.json", directory=directory).stdout.splitlines()
    assert done == ["acme, from the next run on", *tried[1:]]
    again = dunning("policy", "set", SAMPLES / "strict.json", directory=directory).stdout.splitlines()
    assert again == ["acme: all of it is set so already", "no case is open"]


def test_an_example_is_previewed_from_a_day(directory: Path) -> None:
    assert rows("--from", "2026-03-01", directory=directory) == [
        (0, "2026-03-01", "", ""),
        (3, "2026-03-04", "retry", "payment_reminder"),
        (7, "2026-03-08", "retry", "urgent_notice"),
        (14, "2026-03-15", "", ""),
        (21, "2026-03-22", "", "service_suspended"),
    ]
    assert [each[2] for each in rows("--decline", "expired_card", directory=directory)] == [""] * 5


def test_an_example_by_transfer_is_never_charged(directory: Path) -> None:
    told = [each[2:] for each in rows("--transfer", directory=directory)]
    assert told == [("", ""), ("", "payment_reminder"), ("", "urgent_notice"), ("", ""), ("", "service_suspended")]


def test_a_decline_that_nobody_knows_is_said(directory: Path) -> None:
    shown = dunning("preview", "--decline", "expired_crad", directory=directory).stdout
    assert shown.splitlines()[-1] == "expired_crad is no decline code that is known"


def test_a_customer_is_previewed_as_it_pays_and_is_reached(directory: Path) -> None:
    """It pays by transfer and has an e-mail address; the seller has a sender."""
    by_transfer = rows("--customer", "acme", "--from", "2026-03-04", directory=directory)
    assert by_transfer[1] == (3, "2026-03-07", "", "payment_reminder")
    shown = dunning("preview", "--customer", "acme", "--decline", "insufficient_funds", directory=directory).stdout
    assert "if each charge is declined: insufficient_funds" in shown
    assert "the tenant has no gateway" in shown
    assert refused(dunning("preview", "--customer", "nobody", directory=directory)) == "no customer 'nobody'"


def test_an_invoice_without_a_case_is_previewed_from_its_first_day_overdue(directory: Path) -> None:
    """Due on 3 March, so that day 0 is 4 March."""
    number = "INV-2026-01-0001"
    assert rows("--invoice", number, "--from", "2026-02-10", directory=directory)[:3] == [
        (0, "2026-03-04", "", ""),
        (3, "2026-03-07", "", "payment_reminder"),
        (7, "2026-03-11", "", "urgent_notice"),
    ]
    shown = dunning("preview", "--invoice", number, "--from", "2026-02-10", directory=directory).stdout
    assert shown.splitlines()[0] == f"{number}, policy default, if it is not paid by 2026-03-03"


def test_an_invoice_that_is_owed_no_more_is_refused(directory: Path) -> None:
    number = "INV-2026-01-0001"
    void = ("invoices", "void", number, "--reason", "wrong", "--yes", "--dir", str(directory))
    assert billing(*void).exit_code == 0
    message = f"{number} is void: nobody is chased for it"
    assert refused(dunning("preview", "--invoice", number, directory=directory)) == message
    assert refused(dunning("preview", "--invoice", "INV-9", directory=directory)) == "no invoice 'INV-9'"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--policy", "a", "--customer", "b"), "--policy and --customer are different previews: use one of them"),
        (("--decline", "x", "--transfer"), "--decline goes with a card: leave --transfer out; an invoice has declines"),
        (("--decline", "x", "--invoice", "i"), "--decline goes with a card: leave --transfer out; an invoice has decl"),
        (("--transfer", "--invoice", "i"), "--transfer is for examples: an invoice says itself how it is paid"),
        (("--from", "soon"), "--from: expected 2026-03-01, or 2026-03-01T09:00:00+01:00 with its offset, got 'soon'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: tuple[str, ...], message: str, directory: Path) -> None:
    assert refused(dunning("preview", *options, directory=directory)).startswith(message)


def test_tenants_set_names_the_command_that_sets_policies(directory: Path) -> None:
    message = "dunning is not set by one value; use `billing dunning policy set FILE`"
    assert refused(billing("tenants", "set", "dunning=strict", "--dir", directory)) == message


def test_open_cases_that_are_concerned_are_counted(directory: Path) -> None:
    """Overdue since 4 March: looked at on day 3, 7 March, and under the strict policy on day 1, 5 March."""
    engine = local_engine(directory, payment_link_base="http://127.0.0.1:8080")
    engine.run_dunning(DunningRequest(tenant_id="acme", as_of=utc("2026-03-04T09:00"), run_id="r1", actor="cli"))
    tried = dunning("policy", "set", SAMPLES / "strict.json", "--dry-run", directory=directory).stdout.splitlines()
    assert [line.split() for line in tried[-2:]] == [
        ["default", "1", "1", "0", "0"],
        ["looked", "at", "earlier", "than", "before:", "1", "case,", "once", "it", "is", "set"],
    ]
    done = answer(dunning("policy", "set", SAMPLES / "strict.json", "--json", directory=directory))
    assert done["open_cases"] == [{"policy": "default", "cases": 1, "moved": 1, "suspended": 0, "left_over": 0}]
    assert done["earlier"] == 1
    [case] = answer(dunning("list", "--as-of", "2026-03-04", "--json", directory=directory))["cases"]
    assert case["number"] == "INV-2026-01-0001"
    assert rows("--invoice", case["number"], "--from", "2026-03-04", directory=directory)[0][:2] == (1, "2026-03-05")


def test_a_customer_is_given_a_policy_by_name_or_by_its_segment(directory: Path) -> None:
    dunning("policy", "set", SAMPLES / "enterprise.json", directory=directory)
    given = answer(dunning("policy", "assign", "acme", "--policy", "enterprise", "--json", directory=directory))
    own = {"customer_id": "acme", "dunning_policy": "enterprise", "segment": ""}
    assert given == {**own, "follows": "enterprise", "earlier": 0}
    assert rows("--customer", "acme", "--from", "2026-03-01", directory=directory)[0][:2] == (5, "2026-03-06")
    by_segment = dunning("policy", "assign", "acme", "--policy", "", "--segment", "enterprise", directory=directory)
    assert by_segment.stdout == "acme follows the policy enterprise\n"
    none = answer(dunning("policy", "assign", "acme", "--segment", "", "--json", directory=directory))
    assert (none["follows"], none["segment"]) == ("default", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("acme",), "name what to assign: --policy NAME, --segment ID, or both"),
        (("acme", "--policy", "stern"), "policy: expected one of ['default'], got 'stern'"),
        (("acme", "--segment", "a b"), "segment: expected 1 to 200 letters, digits or . _ @ : ~ + - "),
        (("nobody", "--segment", "big"), "no customer 'nobody'"),
    ],
)
def test_what_can_not_be_assigned_is_refused(options: tuple[str, ...], message: str, directory: Path) -> None:
    assert refused(dunning("policy", "assign", *options, directory=directory)).startswith(message)
