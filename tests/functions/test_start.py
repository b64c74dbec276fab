"""How the doors of the jobs start: from the tree as it is uploaded, and with a configuration that is wrong."""

import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest

from tests.functions.laptop import laptop_door, laptop_environment
from tests.functions.running_door import KEY, ROOT, door_environment, running_door
from tests.functions.small_tenants import AMOUNT

CHEAP = "import sys, runpy; runpy.run_path(sys.argv[1]); print(*sys.modules)"
NEEDED_LATER = {"google.cloud.firestore", "grpc", "jwt", "obstore", "reportlab", "sqlite3", "stripe"}


def test_it_runs_from_the_tree_as_it_is_uploaded(tmp_path: Path) -> None:
    root = tmp_path / "uploaded"
    for folder in ("functions", "shared"):
        copytree(ROOT / folder, root / folder, ignore=ignore_patterns("__pycache__"))
    copy(ROOT / "requirements.txt", root)
    where = subprocess.run(
        [sys.executable, "-c", "import billing; print(billing.__file__)"],
        cwd=root,
        env=door_environment({}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.strip() == str(root / "shared/billing/__init__.py")

    with laptop_door(tmp_path, root=root) as laptop:
        tenant = laptop.tenant()
        answered = laptop.door.post(tenant=tenant)

        assert answered.status == 200, laptop.door.log
        assert [each["amount"] for each in answered.json["invoices"]] == [AMOUNT]
        [pdf] = (laptop.objects / "invoices" / tenant).rglob("*.pdf")
        assert pdf.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("function", ["generate_invoices", "run_dunning"])
def test_importing_it_connects_to_nothing_and_loads_no_store(function: str) -> None:
    command = [sys.executable, "-c", CHEAP, f"functions/{function}/main.py"]
    run = subprocess.run(command, cwd=ROOT, env=door_environment({}), capture_output=True, text=True, check=True)
    assert NEEDED_LATER.isdisjoint(run.stdout.split())


def test_a_configuration_that_is_wrong_lets_nobody_in_and_is_listed_in_the_log_alone(tmp_path: Path) -> None:
    with running_door({"BILLING_STORE": "mysql://db", "INTERNAL_API_KEY": KEY}, folder=tmp_path) as door:
        for answered in (door.post(), door.post(key=None), door.call("GET", path="/")):
            assert (answered.status, answered.json["code"]) == (500, "misconfigured")
            assert b"BILLING" not in answered.body
        assert [line["severity"] for line in door.log] == ["ERROR"] * 3
        assert "BILLING_STORE: use sqlite:///absolute/path or firestore" in door.log[0]["reason"]
        assert "BILLING_OBJECTS: is not set" in door.log[0]["reason"]
        assert KEY not in door.log_file.read_text()


def test_without_a_key_or_an_account_configured_every_caller_is_a_stranger(tmp_path: Path) -> None:
    with laptop_door(tmp_path, INTERNAL_API_KEY="") as laptop:
        tenant = laptop.tenant()
        for answered in (
            laptop.door.post(tenant=tenant),
            laptop.door.post(tenant=tenant, key=""),
            laptop.door.post(tenant=tenant, key=None),
            laptop.door.post(tenant=tenant, key=None, token="e30.e30.e30"),
        ):
            assert answered.status == 401
        assert list(laptop.objects.rglob("*.pdf")) == []


def test_the_key_before_the_last_still_opens_while_it_is_rotated(tmp_path: Path) -> None:
    with laptop_door(tmp_path, INTERNAL_API_KEY="k" * 32, INTERNAL_API_KEY_PREVIOUS=KEY) as laptop:
        tenant = laptop.tenant()
        assert laptop.door.post(tenant=tenant, key=KEY).status == 200
        assert laptop.door.post(tenant=tenant, key="k" * 32).status == 200
        assert laptop.door.post(tenant=tenant, key=f"{KEY},{'k' * 32}").status == 401


def test_first_calls_at_once_all_find_it_connected(tmp_path: Path) -> None:
    with laptop_door(tmp_path) as laptop, ThreadPoolExecutor(4) as threads:
        tenant = laptop.tenant(accounts=5)
        answers = list(threads.map(lambda _: laptop.door.post(tenant=tenant), range(4)))

        numbers = sorted(each["invoiceNumber"] for answer in answers for each in answer.json["invoices"])
        assert [answer.status for answer in answers] == [200] * 4
        assert numbers == [f"INV-2026-02-{number:04}" for number in range(1, 6)]


def test_a_smaller_body_limit_is_kept(tmp_path: Path) -> None:
    with running_door(laptop_environment(tmp_path) | {"MAX_BODY_BYTES": "1024"}, folder=tmp_path) as door:
        assert door.post(b"{}" + b" " * 1023).status == 413


def test_the_version_told_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    from billing.api.version import VERSION

    assert project["version"] == VERSION
