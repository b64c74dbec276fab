"""`billing usage`: events and reports from files, what became of them, and what is kept."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from billing.cli import app
from tests.kept_directory import copy_of

BOOK = Path(__file__).parents[2] / "samples" / "february-2026"
AT = ("--recorded-at", "2026-03-03")


def usage(*arguments: str | Path, piped: str | None = None) -> Result:
    return CliRunner().invoke(app, ["usage", *[str(each) for each in arguments]], input=piped)


@pytest.fixture(scope="module")
def billed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("billed")
    assert CliRunner().invoke(app, ["import", str(BOOK), "--dir", str(directory)]).exit_code == 0
    bill = ["run", "--as-of", "2026-03-01", "--limit", "50", "--dir", str(directory)]
    assert CliRunner().invoke(app, bill).exit_code == 0
    return directory


@pytest.fixture
def billed(billed_once: Path, tmp_path: Path) -> Path:
    """The February book, its first 50 subscriptions billed for February."""
    return copy_of(billed_once, tmp_path / "kept")


def an_event(event_id: str, **changes: object) -> dict:
    plain = {
        "id": event_id,
        "subscription_id": "sub-1047",
        "meter": "api_calls",
        "occurred_at": "2026-02-27T10:00:00Z",
        "quantity": 703,
    }
    return {**plain, **changes}


def lines(*events: dict) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in events)


def test_events_as_json_lines_are_recorded_once_and_told_apart(billed: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    wrong = an_event("e-2", subscription_id="sub-none")
    file.write_text(lines(an_event("e-1"), wrong, an_event("e-1", quantity="9.5")), encoding="utf-8")
    result = usage("record", file, "--dir", billed, *AT, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {name: answer[name] for name in ("tenant_id", "accepted", "late", "duplicate", "rejected")} == {
        "tenant_id": "acme-api",
        "accepted": 1,
        "late": 1,
        "duplicate": 1,
        "rejected": 1,
    }
    assert answer["outcomes"][0] == {"id": "e-1", "status": "accepted", "late": True, "differs": False, "reason": ""}
    assert answer["outcomes"][1]["reason"].startswith("subscription_id: expected a subscription of the tenant")
    assert answer["outcomes"][2]["differs"] is True


def test_more_events_than_a_call_takes_are_one_file(billed: Path) -> None:
    events = lines(*[an_event(f"e-{number}", quantity=1) for number in range(2109)])
    result = usage("record", "-", "--dir", billed, *AT, piped=events)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.split()[:3] == ["Accepted", "2,109", "2,109"]


def test_events_as_csv_are_read_with_their_defaults(billed: Path) -> None:
    csv = "id,subscription_id,meter,occurred_at,replaces\ne-1,sub-1047,api_calls,2026-03-02T01:00:00+01:00,\n"
    assert usage("record", "-", "--dir", billed, *AT, piped=csv).exit_code == 0
    replacing = "id;subscription_id;meter;occurred_at;quantity;replaces\n"
    replacing += "e-2;sub-1047;api_calls;2026-03-02T00:00:00Z;12.5;e-1\n"
    assert usage("record", "-", "--dir", billed, *AT, piped=replacing).exit_code == 0
    shown = usage("show", "--subscription", "sub-1047", "--month", "2026-03", "--dir", billed, "--json")
    [rollup] = json.loads(shown.stdout)["rollups"]
    assert (rollup["meter"], rollup["buckets"]) == ("api_calls", {"2026-03-02T00:00:00+00:00": "12.5"})
    assert (rollup["closed_until"], rollup["late"], rollup["late_billed"]) == (None, {}, [])


@pytest.mark.parametrize("command", ["record", "report"])
@pytest.mark.parametrize(
    ("piped", "complaints"),
    [
        ('{"id": "a"}\n', ["<stdin>:1: subscription_id: expected a value, got none"]),
        ('{"id": "a"\n', ["<stdin>:1: expected one JSON object a line"]),
        ('{"id": "a"}\n[]\n', ["<stdin>:2: expected an object, got []"]),
        ("id,meter\n", ["<stdin>:1: subscription_id: the column is missing from the header"]),
        (
            "id,id,colour\n",
            ["<stdin>:1: id: expected each column once", "<stdin>:1: colour: expected each column once"],
        ),
        ("\n", ["<stdin>:1: id: the column is missing from the header"]),
    ],
)
def test_a_file_of_the_wrong_form_is_refused_with_line_and_field(
    billed: Path, command: str, piped: str, complaints: list[str]
) -> None:
    result = usage(command, "-", "--dir", billed, *AT, piped=piped)
    assert result.exit_code == 2
    for each in complaints:
        assert each in result.stderr


def test_every_field_of_an_event_that_is_wrong_is_named(billed: Path) -> None:
    wrong = an_event("", occurred_at="2026-02-27", quantity="many", correction="perhaps", colour="red")
    result = usage("record", "-", "--dir", billed, *AT, piped=lines(an_event("e-1"), wrong))
    assert result.exit_code == 2
    assert "billing: 5 errors; nothing was written" in result.stderr
    for field, complaint in {
        "id": "expected text that is not empty, got ''",
        "occurred_at": "expected an instant with its offset such as 2026-02-28T10:30:00Z, got '2026-02-27'",
        "quantity": "expected an exact decimal as text such as \"12.50\", never a float, got 'many'",
        "correction": "expected true, yes, on, 1, false, no, off or 0, got 'perhaps'",
        "colour": "expected one of id, subscription_id, meter, occurred_at, quantity, value, correction, replaces",
    }.items():
        assert f"<stdin>:2: {field}: {complaint}" in result.stderr
    assert usage("record", "-", "--dir", billed, *AT, piped=lines(an_event("e-1"))).stdout.split()[1] == "1"


def test_a_file_that_is_not_utf_8_or_not_there_is_refused(billed: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"id\n\xe4\n")
    result = usage("record", tmp_path / "latin.csv", "--dir", billed)
    assert (result.exit_code, "latin.csv:2: expected text in UTF-8" in result.stderr) == (2, True)
    result = usage("report", tmp_path / "none.csv", "--dir", billed)
    assert (result.exit_code, "none.csv: No such file or directory" in result.stderr) == (2, True)


def test_the_rows_of_one_id_are_one_report(billed: Path) -> None:
    csv = (
        "id,subscription_id,meter,date,quantity\n"
        "r-1,sub-1047,api_calls,2026-02-27,2109\n"
        "r-2,sub-1048,api_calls,2026-03-01,5\n"
        "r-1,sub-1047,api_calls,2026-03-01,7\n"
    )
    answer = json.loads(usage("report", "-", "--dir", billed, *AT, "--json", piped=csv).stdout)
    assert [(each["id"], each["status"], each["late"]) for each in answer["outcomes"]] == [
        ("r-1", "accepted", True),
        ("r-2", "accepted", False),
    ]
    shown = usage("show", "--subscription", "sub-1047", "--month", "2026-02", "--dir", billed)
    assert "api_calls (sum), 2026-02, billed until 2026-03-01 00:00 UTC" in shown.stdout
    assert "2026-02-27    5,616          2,109" in shown.stdout


def test_a_report_as_json_is_the_same_report(billed: Path) -> None:
    csv = "id,subscription_id,meter,date,quantity\nr-1,sub-1047,api_calls,2026-03-01,2.5\n"
    assert usage("report", "-", "--dir", billed, *AT, piped=csv).exit_code == 0
    given = {"id": "r-1", "subscription_id": "sub-1047", "meter": "api_calls", "quantities": {"2026-03-01": 2.5}}
    result = usage("report", "-", "--dir", billed, *AT, "--json", piped=lines(given))
    [outcome] = json.loads(result.stdout)["outcomes"]
    assert (outcome["status"], outcome["differs"]) == ("duplicate", False)


def test_rows_of_one_report_that_disagree_are_refused_with_their_line(billed: Path) -> None:
    csv = "id,subscription_id,meter,date,quantity\nr,sub-1,m,2026-03-01,1\nr,sub-2,m,2026-03-02,1\n"
    result = usage("report", "-", "--dir", billed, *AT, piped=csv)
    assert result.exit_code == 2
    assert "<stdin>:3: subscription_id: expected 'sub-1' as in the rows of r before" in result.stderr


def test_what_is_shown_ends_with_what_may_be_billed_and_says_where_there_is_nothing(billed: Path) -> None:
    shown = usage("show", "--subscription", "sub-1047", "--dir", billed, "--json")
    months = [each["month"] for each in json.loads(shown.stdout)["rollups"]]
    assert months == ["2025-12", "2026-01", "2026-02"]
    nothing = usage("show", "--subscription", "sub-1047", "--month", "2025-06", "--dir", billed)
    assert nothing.stdout == "No usage.\n"


def test_an_unknown_subscription_and_a_month_that_is_none_are_refused(billed: Path) -> None:
    result = usage("show", "--subscription", "sub-none", "--dir", billed)
    assert (result.exit_code, "no subscription 'sub-none'" in result.stderr) == (2, True)
    result = usage("show", "--subscription", "sub-1047", "--month", "feb", "--dir", billed)
    assert "--month: expected a month such as 2026-02, got 'feb'" in result.stderr
