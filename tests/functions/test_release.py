"""A release with the real gcloud: what it uploads, how it starts from requirements.txt alone, and that it goes back."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from tests.functions.releasing import RUNTIME, Releasing, only, releasing
from tests.functions.running_door import KEY, ROOT, RunningDoor
from tests.functions.small_tenants import AMOUNT, add_tenant

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # 25 s of CPU, most of them gcloud's own

FUNCTIONS = ("generate_invoices", "run_dunning", "apiProxy")
DOORS = {f"functions/{name}/main.py" for name in ("api_proxy", "generate_invoices", "run_dunning")}
PACKAGE = "shared/billing/"
NEVER_CALLED = tuple(PACKAGE + part for part in ("cli/", "sandbox/", "render/fonts/build.py"))
READ_AT_RUN_TIME = {".csv", ".icc", ".j2", ".py", ".ttf", ".txt", ".typed"}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releasing]:
    """All three functions, released once."""
    with releasing(tmp_path_factory.mktemp("release")) as google:
        done = google.release(google.rendered())
        assert done.returncode == 0, done.stderr
        assert [line for line in done.stdout.splitlines() if line.startswith("ok")] == [
            f"ok {name} {what}" for name in FUNCTIONS for what in ("is up", "refuses strangers", "reaches its parts")
        ]
        yield google


def uploaded(released: Releasing) -> ZipFile:
    return ZipFile(BytesIO(released.google.uploads[0]))


def test_the_upload_has_what_the_functions_run_and_nothing_else(released: Releasing) -> None:
    """Every module and every file that one reads, the doors, and the lock; requirements.txt is at the root."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    expected = (
        DOORS
        | {"requirements.txt"}
        | {
            name
            for name in tracked.stdout.splitlines()
            if name.startswith(PACKAGE)
            and not name.startswith(NEVER_CALLED)
            and not name.endswith(".md")
            and (ROOT / name).exists()
        }
    )
    names = {name for name in uploaded(released).namelist() if not name.endswith("/")}

    assert names == expected
    assert names == set(files_of(released.folder / "upload"))
    assert {Path(name).suffix for name in names} == READ_AT_RUN_TIME
    assert sum(each.file_size for each in uploaded(released).infolist()) < 10_000_000


def test_the_build_can_compile_the_upload(released: Releasing, tmp_path: Path) -> None:
    """What the buildpack does: one file that can't be compiled fails the deploy."""
    uploaded(released).extractall(tmp_path)
    compiled = subprocess.run(
        [RUNTIME / "bin/python", "-m", "compileall", "-q", tmp_path], capture_output=True, check=False
    )
    assert (compiled.returncode, compiled.stdout) == (0, b"")


def test_the_deployed_functions_bill_and_chase(released: Releasing) -> None:
    with closing(SqliteDocuments(released.folder / "billing.db", indexes=INDEXES)) as documents:
        add_tenant(documents, "tenant-1")
    billed = door(released, "generate_invoices").post(tenant="tenant-1")
    chased = door(released, "run_dunning").post(tenant="tenant-1")

    assert [each["amount"] for each in billed.json["invoices"]] == [AMOUNT], billed.body
    assert (chased.status, chased.json["complete"]) == (200, True)
    [pdf] = (released.folder / "objects/invoices/tenant-1").rglob("*.pdf")
    assert pdf.read_bytes().startswith(b"%PDF-")


def test_the_deployed_proxy_answers_with_the_invoice(released: Releasing) -> None:
    sent = {"x-internal-key": KEY, "X-Tenant-ID": "tenant-1"}
    proxy = door(released, "apiProxy")
    health = proxy.call("GET", path="/health", sent={"x-internal-key": KEY})

    assert health.json["parts"] == {"documents": "ok", "objects": "ok", "secrets": "ok"}
    assert proxy.call("GET", path="/health", sent={"x-internal-key": "a-wrong-key-0123456789"}).status == 401
    assert proxy.call("GET", path="/api/billing/invoices", sent=sent).status in (200, 403)


def test_everybody_reaches_the_functions_which_know_their_callers_themselves(released: Releasing) -> None:
    assert released.google.public == {"generate-invoices", "run-dunning", "apiproxy"}


def test_a_release_that_does_not_answer_goes_back_to_the_revision_before(released: Releasing) -> None:
    before = released.google.serving("run_dunning")
    file = released.rendered()
    only(file, "run_dunning", store="mysql://db")

    failed = released.release(file)

    assert failed.returncode == 1
    assert "FAILED run_dunning is up: expected (200" in failed.stderr
    assert f"run_dunning is back at {before}=100" in failed.stderr
    assert len(released.google.deployed["run_dunning"].ports) == 2
    assert released.google.serving("run_dunning") == before
    assert door(released, "run_dunning").call("GET").status == 200


def test_the_build_s_steps_are_what_cloud_build_takes(released: Releasing) -> None:
    """The real gcloud checks the file against the API's types; an unknown field stops it."""
    submitted = released.run(
        "gcloud", "builds", "submit", "--no-source", "--config=cloudbuild.yaml", "--async", "--quiet"
    )
    assert submitted.returncode == 0, submitted.stderr
    [build] = released.google.builds
    assert [step["id"] for step in build["steps"]] == ["check-and-test", "render", "release"]


def test_what_is_deployed_runs_the_python_that_the_tests_ran() -> None:
    build = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))
    runtime = yaml.safe_load((ROOT / "infra/billing.yaml").read_text(encoding="utf-8"))["variables"]["runtime"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert runtime == f"python{build['substitutions']['_PYTHON'].replace('.', '')}"
    assert project["tool"]["mypy"]["python_version"] == build["substitutions"]["_PYTHON"]
    if (RUNTIME / "pyvenv.cfg").exists():
        assert f"version = {build['substitutions']['_PYTHON']}." in (RUNTIME / "pyvenv.cfg").read_text()


def files_of(folder: Path) -> list[str]:
    """What `make upload` would copy."""
    command = [sys.executable, "-m", "infra.deploy", "upload", f"--dir={folder}"]
    subprocess.run(command, cwd=ROOT, check=True)
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def door(released: Releasing, name: str) -> RunningDoor:
    """The revision that serves a function."""
    function = released.google.deployed[name]
    port = function.ports[released.google.serving(name)]
    return RunningDoor(port=port, log_file=released.folder / f"door-{port}.log")
