"""The cron script and crontabs of samples/cron, run as cron would run them, against the public function over HTTP."""

import json
import os
import re
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.functions.laptop import Laptop, laptop_door
from tests.functions.running_door import KEY, ROOT

CRON = ROOT / "samples" / "cron"
SCRIPT = CRON / "nightly.sh"


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a generator of a Laptop
    with laptop_door(tmp_path_factory.mktemp("cron"), function="api_proxy") as started:
        yield started


def jobs(name: str) -> dict[str, str]:
    """The commands of a crontab by the time at which they run."""
    lines = [line for line in (CRON / name).read_text().splitlines() if not line.startswith("#")]
    times = (re.fullmatch(r"((?:\S+ ){4}\S+) (.+)", line) for line in lines)
    return {found[1]: found[2] for found in times if found}


def runs(command: str, laptop: Laptop, *, key: str = KEY) -> subprocess.CompletedProcess[str]:
    url = f"http://127.0.0.1:{laptop.door.port}"
    environ = {**os.environ, "INTERNAL_API_KEY": key, "BILLING_URL": url, "BILLING_PAUSE": "0"}
    return subprocess.run(["bash", "-c", command], env=environ, capture_output=True, text=True, check=False)


def test_the_steps_run_at_five_past_midnight_and_at_one() -> None:
    for name in ("crontab", "crontab-one-tenant"):
        assert list(jobs(name)) == ["5 0 * * *", "0 1 * * *"]


def test_the_crontab_of_one_tenant_works_with_nothing_but_its_address_filled_in(laptop: Laptop) -> None:
    tenant, other = laptop.tenant(), laptop.tenant()
    generate, dunning = (
        command.replace("YOUR_KEY@127.0.0.1:3001", f"{KEY}@127.0.0.1:{laptop.door.port}").replace(
            "YOUR_TENANT_ID", tenant
        )
        for command in jobs("crontab-one-tenant").values()
    )

    made = json.loads(runs(generate, laptop).stdout)
    assert (made["generated"], made["tenant"]) == (1, tenant)
    assert json.loads(runs(dunning, laptop).stdout)["processed"] == 0
    refused = json.loads(runs(generate.replace(KEY, "a-wrong-key-0123456789abcdef"), laptop).stdout)
    assert refused["status"] == 401
    unknown = json.loads(runs(generate.replace(tenant, "nowhere"), laptop).stdout)
    assert unknown["status"] == 403
    assert json.loads(runs(generate.replace(tenant, other), laptop).stdout)["generated"] == 1


def test_the_crontab_of_all_tenants_runs_the_script(laptop: Laptop, tmp_path: Path) -> None:
    laptop.tenant()
    log = tmp_path / "billing.log"
    for command in jobs("crontab").values():
        _, _, called = command.partition(" && ")
        local = called.replace("/usr/local/bin/nightly.sh", str(SCRIPT)).replace("/var/log/billing.log", str(log))
        assert runs(local, laptop).returncode == 0

    generated, dunned = (json.loads(line) for line in log.read_text().splitlines())
    assert generated["generated"] >= 1
    assert (dunned["tenants"], dunned["errors"]) == (generated["tenants"], [])


def test_the_script_runs_both_steps_for_a_list_and_fails_aloud(laptop: Laptop) -> None:
    one, two = laptop.tenant(), laptop.tenant()

    done = runs(f"{SCRIPT} both {one},{two}", laptop)
    assert (done.returncode, json.loads(done.stdout)["invoicesGenerated"]) == (0, 2)

    broken = runs(f"{SCRIPT} both {one},nowhere", laptop)
    assert (broken.returncode, json.loads(broken.stdout)["errors"][0]["tenantId"]) == (1, "nowhere")
    refused = runs(f"{SCRIPT} generate {one}", laptop, key="a-wrong-key-0123456789abcdef")
    assert (refused.returncode, json.loads(refused.stderr.splitlines()[-1])["status"]) == (1, 401)
    assert runs(f"{SCRIPT} everything", laptop).returncode == 2


@pytest.mark.parametrize("told", ["Basic", "Basic ???", f"Basic {b64encode(b'no-colon').decode()}", "Basic Og=="])
def test_a_password_that_is_no_key_opens_nothing(laptop: Laptop, told: str) -> None:
    sent = {"Authorization": told, "X-Tenant-ID": laptop.tenant()}

    answered = laptop.door.call("POST", path="/api/customer-billing/generate-invoices", sent=sent)

    assert answered.status == 401


def test_a_password_opens_the_daily_steps_alone(laptop: Laptop) -> None:
    key = b64encode(f"internal:{KEY}".encode()).decode()
    sent = {"Authorization": f"Basic {key}", "X-Tenant-ID": laptop.tenant()}

    assert laptop.door.call("POST", path="/api/internal/cron/billing", sent=sent).status == 200
    assert laptop.door.call("GET", path="/api/customer-billing", sent=sent).status == 401
    assert laptop.door.call("GET", path="/api/billing/invoices", sent=sent).status == 401


def test_the_guide_puts_everything_where_the_crontab_looks_for_it() -> None:
    guide = (ROOT / "docs/guides/three-ways.md").read_text(encoding="utf-8")
    placed = set(re.findall(r"^sudo install .* (/\S+)$", guide, re.MULTILINE))
    named = {path for command in jobs("crontab").values() for path in re.findall(r"/[\w/.-]+", command)}
    assert named == placed == {"/etc/billing.env", "/usr/local/bin/nightly.sh", "/var/log/billing.log"}
    assert "sudo crontab -u billing samples/cron/crontab\n" in guide
