"""`billing e-invoice check` on a store of its own: what is there, what is missing, and the exit code."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from billing.cli import app
from billing.domain.tenant import EInvoiceFormat
from billing.ports import Query
from billing.wiring import local_engine
from tests.builders import a_fee, a_plan, a_tenant
from tests.world import World

PLAN = a_plan(fees=[a_fee("62.00")], anchor_day=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A seller without any number, and two invoices: nothing was asked for when they were made."""
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    world = World(documents=engine.documents, objects=engine.objects, tenant=a_tenant())
    plan = world.plan(PLAN)
    for name in ("first", "second"):
        world.subscribes(name, to=plan, on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    return tmp_path


def check(directory: Path, *arguments: str) -> Result:
    return call("check", *arguments, directory=directory)


def call(command: str, *arguments: str, directory: Path) -> Result:
    return CliRunner().invoke(app, ["e-invoice", command, "--dir", str(directory), *arguments])


def test_what_every_invoice_lacks_is_named_and_counted(directory: Path) -> None:
    result = check(directory)
    missing = (
        "seller.registration: expected a number in a register, or a tax id"
        " (EN 16931 BR-CO-26; set it in the tenant's settings), got ''"
    )
    assert result.stdout.splitlines() == [
        f"INV-2026-01-0001  {missing}",
        f"INV-2026-01-0002  {missing}",
        "0 of 2 invoices have all that EN 16931 asks for.",
        "E-invoices are off for this tenant: docs/guides/e-invoices.md",
    ]
    assert result.exit_code == 1


def test_one_invoice_as_json_has_its_files(directory: Path) -> None:
    result = check(directory, "INV-2026-01-0002", "--json")
    answer = json.loads(result.stdout)
    [row] = answer["invoices"]
    assert (answer["checked"], answer["ready"], answer["e_invoices"], result.exit_code) == (1, 0, [], 1)
    assert (row["number"], row["missing"]["field"], row["missing"]["rule"]) == (
        *("INV-2026-01-0002", "seller.registration", "EN 16931 BR-CO-26"),
    )
    assert [Path(each).name for each in row["files"]] == ["INV-2026-01-0002.pdf", "INV-2026-01-0002.json"]


def test_an_invoice_that_lacks_nothing_says_so(tmp_path: Path) -> None:
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    seller = replace(a_tenant().seller, tax_id="12-3456789")
    tenant = a_tenant(seller=seller, e_invoices=(EInvoiceFormat.UBL,), bank=None)
    world = World(documents=engine.documents, objects=engine.objects, tenant=tenant)
    world.customer("acme", collection_method="charge_automatically")
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    result = check(tmp_path, "INV-2026-01-0001")
    first, *files = result.stdout.splitlines()
    assert (first, result.exit_code) == ("INV-2026-01-0001  has all that EN 16931 asks for", 0)
    assert len(files) == 2
    assert check(tmp_path).stdout == "1 of 1 invoices have all that EN 16931 asks for.\n"
    assert json.loads(check(tmp_path, "--json").stdout)["invoices"][0]["missing"] is None


def test_forms_are_turned_on_and_off_again(directory: Path) -> None:
    assert call("set", "ubl", "factur-x", directory=directory).stdout == "acme: e-invoices as ubl and factur-x\n"
    assert json.loads(call("set", "factur-x", "--json", directory=directory).stdout) == {
        "tenant_id": "acme",
        "e_invoices": ["factur-x"],
    }
    assert json.loads(check(directory, "--json").stdout)["e_invoices"] == ["factur-x"]
    assert call("set", "--off", directory=directory).stdout == "acme: no e-invoices\n"


@pytest.mark.parametrize("arguments", [(), ("ubl", "--off")])
def test_neither_or_both_is_refused(directory: Path, arguments: tuple) -> None:
    result = call("set", *arguments, directory=directory)
    assert (result.exit_code, result.stderr) == (2, "billing: name the forms (factur-x, ubl), or use --off\n")


def test_each_change_of_the_setting_is_one_audit_record_and_no_change_is_none(directory: Path) -> None:
    for formats in (("ubl",), ("ubl",), ("ubl", "factur-x")):
        call("set", *formats, directory=directory)
    documents = local_engine(directory, payment_link_base="").documents
    batches = documents.query(Query("tenants/acme/audit"))
    records: list[Any] = [each.fields["records"] for each in batches if "-settings-" in each.id]
    assert [(each[0]["before"], each[0]["after"]) for each in records] == [("", "ubl"), ("ubl", "ubl | factur-x")]


def test_an_unknown_invoice_is_named(directory: Path) -> None:
    result = check(directory, "INV-9")
    assert (result.exit_code, "no invoice 'INV-9'" in result.stderr) == (2, True)
