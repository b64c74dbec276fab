"""`billing tenants`: settings of a seller that is billed already, looked at and changed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.tenant_file import read_tenant
from billing.cli import app
from billing.store.tenants import Tenants
from billing.wiring import local_engine
from tests.builders import a_fee, a_plan, a_tenant
from tests.command_line import asked, billing
from tests.golden.sample_invoices import logo_png
from tests.world import World


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A seller with one invoice."""
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    world = World(documents=engine.documents, objects=engine.objects, tenant=a_tenant())
    world.subscribes("acme", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    return tmp_path


def tenants(*arguments: str | Path, directory: Path) -> Result:
    return billing("tenants", *arguments, directory=directory)


def test_the_list_names_each_tenant(directory: Path) -> None:
    assert asked("tenants", "list", directory=directory)["tenants"] == [
        {
            "tenant_id": "acme",
            "legal_name": "Acme API Platform Inc.",
            "currency": "USD",
            "time_zone": "UTC",
            "gateway": "",
            "mail_sender": "",
        }
    ]
    assert "acme" in tenants("list", directory=directory).stdout


def test_settings_are_changed_and_shown(directory: Path) -> None:
    result = tenants("set", "guard.factor=3", "guard.floor=50.00", "approval=on", directory=directory)
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["acme,", "from", "the", "next", "run", "on"],
        ["approval", "off", "on"],
        ["guard.factor", "-", "3"],
        ["guard.floor", "-", "50.00"],
    ]
    shown = tenants("show", directory=directory).stdout
    assert ["guard.floor", "50.00", "review", "queue:", "unusual", "invoices"] in map(str.split, shown.splitlines())
    settings = asked("tenants", "show", directory=directory)["settings"]
    assert (settings["approval"], settings["guard"]) == (True, {"factor": "3", "floor": "50.00"})
    assert tenants("set", "approval=yes", directory=directory).stdout == "acme: all of it is set so already\n"


def test_a_dry_run_says_the_same_and_writes_nothing(directory: Path) -> None:
    tried = asked("tenants", "set", "paper=letter", "--dry-run", directory=directory)
    assert tried == {
        "tenant_id": "acme",
        "dry_run": True,
        "changed": [{"setting": "paper", "before": "a4", "after": "letter"}],
    }
    assert asked("tenants", "show", directory=directory)["settings"]["paper"] == "a4"
    assert asked("tenants", "set", "paper=letter", directory=directory) == {**tried, "dry_run": False}


def test_a_logo_is_filed_and_drawn_from_the_next_run_on(directory: Path, tmp_path: Path) -> None:
    file = tmp_path / "our logo.png"
    file.write_bytes(logo_png())
    [change] = asked("tenants", "set", "--logo", file, directory=directory)["changed"]
    assert (change["setting"], change["before"]) == ("logo_key", "")
    assert (directory / "objects" / change["after"]).read_bytes() == logo_png()
    assert Tenants(local_engine(directory, payment_link_base="").documents).get("acme").logo_key == change["after"]
    run = CliRunner().invoke(app, ["run", "--as-of", "2026-03-01", "--dir", str(directory), "--json"])
    pdf = json.loads(run.stdout)["invoices"][0]["pdf"]
    assert b"/Subtype /Image" in Path(pdf).read_bytes()


def test_a_dry_run_files_no_logo(directory: Path, tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(logo_png())
    [change] = asked("tenants", "set", "--logo", file, "--dry-run", directory=directory)["changed"]
    assert not (directory / "objects" / change["after"]).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name what to set: NAME=VALUE, or --logo FILE"),
        (("approval",), "'approval' is no setting with a value: NAME=VALUE"),
        (("aproval=on",), "there is no setting 'aproval'. There are:\n  tenant_id: "),
        (("approval=maybe",), "1 error; nothing was written\napproval: expected true, yes, on"),
        (("currency=EUR",), "currency stays 'USD', not 'EUR': "),
        (("invoice_number.restart=year",), "invoice_number.restart stays 'month', not 'year': its series gave"),
        (("logo_key=branding/none.png",), "no object 'branding/none.png'"),
        (("--logo", "none.png"), "none.png: No such file or directory"),
        (("--logo", __file__), "branding.logo_png: expected a PNG picture"),
    ],
)
def test_what_can_t_be_set_is_refused_with_the_reason(directory: Path, arguments: tuple, message: str) -> None:
    before = asked("tenants", "show", directory=directory)
    result = tenants("set", *arguments, directory=directory)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"billing: {message}")
    assert asked("tenants", "show", directory=directory) == before


def test_the_settings_as_json_are_a_tenant_json_that_reads_as_the_same_tenant(directory: Path) -> None:
    tenants("set", "notes=One.", "notes=Two.", "guard.factor=3", "mail_sender=a@b.example", directory=directory)
    settings = asked("tenants", "show", directory=directory)["settings"]
    book = directory / "book"
    book.mkdir()
    (book / "tenant.json").write_text(json.dumps(settings), encoding="utf-8")

    read = read_tenant(book / "tenant.json", log=ErrorLog())
    assert read is not None
    assert read.value == Tenants(local_engine(directory, payment_link_base="").documents).get("acme")
