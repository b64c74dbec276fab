"""The guide on generating invoices holds what it shows: its commands are run, its answer is laid beside a real one."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functions.guide import NIGHTLY, bash, block
from tests.functions.laptop import Laptop, laptop_door
from tests.functions.running_door import KEY, ROOT
from tests.real_parts import require_real_part

GUIDE = (ROOT / "docs/guides/generate-invoices.md").read_text(encoding="utf-8")


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    require_real_part(shutil.which("curl") is not None, "the guide's commands need curl")
    with laptop_door(tmp_path) as started:
        yield started


def shown_block(language: str, *, holding: str) -> str:
    return block(GUIDE, language, holding=holding)


def test_the_call_by_hand_is_answered(laptop: Laptop) -> None:
    tenant = laptop.tenant()

    called = bash(shown_block("sh", holding="x-internal-key").replace("acme-api", tenant), door=laptop.door)

    answer = json.loads(called.stdout)
    assert (answer["generated"], answer["dry_run"]) == (1, True)


def test_the_line_of_the_crontab_bills_its_tenant(laptop: Laptop) -> None:
    tenant, other = laptop.tenant(), laptop.tenant()
    command = shown_block("cron", holding="YOUR_TENANT_ID").removeprefix("5 0 * * * ")

    called = bash(command.replace("YOUR_KEY", KEY).replace("YOUR_TENANT_ID", tenant), door=laptop.door)

    assert json.loads(called.stdout)["generated"] == 1
    assert json.loads(bash(command.replace("YOUR_TENANT_ID", other), door=laptop.door).stdout)["status"] == 401


def test_the_script_bills_one_tenant_or_all(laptop: Laptop) -> None:
    one, _, _ = laptop.tenant(), laptop.tenant(), laptop.tenant()

    assert json.loads(bash(NIGHTLY, "generate", one, door=laptop.door).stdout)["tenant"] == one
    assert json.loads(bash(NIGHTLY, "generate", door=laptop.door).stdout)["generated"] == 2


def test_the_answer_shown_has_the_fields_of_a_real_one(laptop: Laptop) -> None:
    shown = json.loads(shown_block("json", holding="invoiceNumber"))
    real = laptop.door.post(tenant=laptop.tenant()).json

    assert list(shown) == list(real)
    assert list(shown["invoices"][0]) == list(real["invoices"][0])
    assert list(shown["totals"]["USD"]) == list(real["totals"]["USD"])
    assert list(shown["operations"]) == list(real["operations"])


def test_the_way_to_start_it_here_is_the_way_the_tests_start_it() -> None:
    start = shown_block("sh", holding="functions-framework")

    assert "--source functions/generate_invoices/main.py --host 127.0.0.1 --port 3001" in start
    assert re.findall(r"^export (\w+)=", start, re.MULTILINE) == [
        "INTERNAL_API_KEY",
        "BILLING_STORE",
        "BILLING_OBJECTS",
    ]
