"""`billing plans draft`: what the guide does not show, and what a file of a draft may hold."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from billing.adapters.book_files.plan_draft import content_of
from billing.cli import app
from billing.domain.errors import InvalidInput
from billing.wiring import local_engine
from tests.builders import a_tenant
from tests.world import World

WHOLE = (
    '{"plan_id": "api", "name": "Größe", "currency": "USD", "cycle": {"unit": "month"}, "trial_days": 7,'
    ' "fees": [{"fee_id": "platform", "name": "Platform", "price": "49.00"}]}'
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    World(documents=engine.documents, objects=engine.objects, tenant=a_tenant())
    return tmp_path


def draft(*arguments: str | Path, directory: Path) -> Result:
    return CliRunner().invoke(app, ["plans", "draft", *map(str, arguments), "--dir", str(directory)])


def saves(text: str, *arguments: str, directory: Path) -> Result:
    file = directory / "next.json"
    file.write_text(text, encoding="utf-8")
    return draft("save", file, *arguments, directory=directory)


def test_what_is_shown_can_be_saved_again(directory: Path) -> None:
    assert saves(WHOLE.replace("7,", "1.5,"), directory=directory).exit_code == 0
    shown = draft("show", "api", directory=directory)
    assert json.loads(shown.stdout) == json.loads(WHOLE) | {"trial_days": "1.5"}
    assert "trial_days: expected" in shown.stderr
    again = saves(shown.stdout, "--json", directory=directory)
    assert [each["field"] for each in json.loads(again.stdout)["flaws"]] == ["trial_days"]


def test_each_answers_in_json(directory: Path) -> None:
    saved = json.loads(saves(WHOLE, "--json", directory=directory).stdout)
    assert (saved["plan_id"], saved["version"], saved["flaws"]) == ("api", 1, [])
    assert saved == json.loads(draft("show", "api", "--json", directory=directory).stdout)
    [row] = json.loads(draft("list", "--json", directory=directory).stdout)["drafts"]
    assert row == {name: saved[name] for name in ("plan_id", "saved_by", "saved_at")}
    published = draft("publish", "api", "--json", directory=directory)
    assert json.loads(published.stdout) == {"tenant_id": "acme", "published": ["api@1"]}


def test_a_draft_is_discarded_once_it_is_said(directory: Path) -> None:
    saves(WHOLE, directory=directory)
    assert draft("discard", "api", directory=directory).exit_code == 2
    assert draft("discard", "api", "--yes", directory=directory).stdout == "Discarded the draft of api\n"
    gone = draft("show", "api", directory=directory)
    assert (gone.exit_code, gone.stderr) == (2, "billing: no draft of plan 'api'\n")
    saves(WHOLE, directory=directory)
    told = draft("discard", "api", "--yes", "--json", directory=directory)
    assert json.loads(told.stdout) == {"tenant_id": "acme", "discarded": "api"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected JSON"),
        ("[]", "expected an object, got []"),
        ("{}", "plan_id: the key is missing"),
        ('{"plan_id": "api@2"}', "plan_id: expected a plan id without @"),
    ],
)
def test_a_file_that_names_no_plan_is_no_draft(directory: Path, text: str, message: str) -> None:
    refused = saves(text, directory=directory)
    assert (refused.exit_code, message in refused.stderr) == (2, True), refused.stderr
    assert draft("list", directory=directory).stdout.strip() == ""


def test_a_content_is_exact_and_has_a_size() -> None:
    given = {"plan_id": "api", "a": Decimal("0.10"), "b": [1, True, None, Decimal("1E-7")], "c": '"'}
    assert content_of(given, plan_id="api") == '{"a":0.10,"b":[1,true,null,1E-7],"c":"\\""}'
    with pytest.raises(InvalidInput, match="plan: expected at most 500000 characters as JSON, got 600008"):
        content_of({"n": "x" * 600_000}, plan_id="api")
