"""The guide on running dunning holds what it shows: its commands are run, its answer is laid beside a real one."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.domain.dunning_report import DunningAction
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.functions.guide import NIGHTLY, bash, block
from tests.functions.laptop import Laptop, laptop_door
from tests.functions.running_door import KEY, ROOT
from tests.functions.unpaid_book import unpaid_book
from tests.real_parts import require_real_part
from tests.sandbox_client import StandingClock

GUIDE = (ROOT / "docs/guides/run-dunning.md").read_text(encoding="utf-8")
TENANTS = ("a", "b")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def laptop(tmp_path: Path, sandbox: RunningSandbox) -> Iterator[Laptop]:
    """With the tenants a and b, each of whom is owed three invoices."""
    require_real_part(shutil.which("curl") is not None, "the guide's commands need curl")
    more = {f"STRIPE_API_KEY_{each.upper()}": f"sk_test_{tmp_path.name}_{each}" for each in TENANTS}
    more |= {"STRIPE_BASE_URL": sandbox.url, "BILLING_MAIL": f"maildir://{tmp_path}/mail"}
    with laptop_door(tmp_path, function="run_dunning", more=more) as started:
        for each in TENANTS:
            key = more[f"STRIPE_API_KEY_{each.upper()}"]
            unpaid_book(sandbox, each, documents=started.documents, objects=started.objects, key=key)
        yield started


def test_the_call_by_hand_is_answered(laptop: Laptop) -> None:
    called = bash(block(GUIDE, "sh", holding="x-internal-key").replace("acme-api", "a"), door=laptop.door)

    answer = json.loads(called.stdout)
    assert (answer["tenant"], answer["dry_run"], answer["overdue"]) == ("a", True, 3)


def test_the_line_of_the_crontab_chases_for_its_tenant(laptop: Laptop) -> None:
    command = block(GUIDE, "cron", holding="YOUR_TENANT_ID").removeprefix("0 1 * * * ")

    called = bash(command.replace("YOUR_KEY", KEY).replace("YOUR_TENANT_ID", "a"), door=laptop.door)

    assert json.loads(called.stdout)["overdue"] == 3
    assert json.loads(bash(command.replace("YOUR_TENANT_ID", "b"), door=laptop.door).stdout)["status"] == 401


def test_the_script_chases_for_one_tenant_or_for_all(laptop: Laptop) -> None:
    one = bash(NIGHTLY, "dunning", "a", door=laptop.door)
    everybody = bash(NIGHTLY, "dunning", door=laptop.door)

    assert (one.returncode, json.loads(one.stdout)["tenant"]) == (0, "a")
    report = json.loads(everybody.stdout)
    assert (everybody.returncode, [each["overdue"] for each in report["results"]]) == (0, [0, 3])


def test_the_answer_shown_has_the_fields_of_a_real_one(laptop: Laptop) -> None:
    shown = json.loads(block(GUIDE, "json", holding="reminderCount"))
    real = laptop.door.post({"as_of": "2026-02-05"}, tenant="a").json

    assert list(shown) == list(real)
    assert [list(each) for each in shown["details"]] == [list(real["details"][0])] * 2
    assert list(shown["operations"]) == list(real["operations"])


def test_every_action_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", GUIDE, re.MULTILINE))))

    assert {each.value for each in DunningAction} <= explained


def test_the_way_to_start_it_here_is_the_way_the_tests_start_it() -> None:
    start = block(GUIDE, "sh", holding="functions-framework")

    assert "--source functions/run_dunning/main.py --host 127.0.0.1 --port 3001" in start
    assert re.findall(r"^export (\w+)=", start, re.MULTILINE) == [
        "INTERNAL_API_KEY",
        "BILLING_STORE",
        "BILLING_OBJECTS",
        "BILLING_MAIL",
    ]
