"""The look that a tenant's file names, on the documents that its runs make."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from billing.cli import app
from tests.golden.read_pdf import page_texts, reader
from tests.golden.sample_invoices import logo_png

BOOK = Path(__file__).parents[2] / "samples" / "berlin-saas"


def billing(*arguments: str | Path) -> dict:
    """What a command answers."""
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_an_invoice_has_its_tenants_logo_paper_and_closing_line(tmp_path: Path) -> None:
    book, directory = shutil.copytree(BOOK, tmp_path / "book"), tmp_path / "books"
    look = {"logo_key": "branding/logo.png", "paper": "letter", "footer": "Geschäftsführung: Dr. Inga Lund"}
    tenant = json.loads((book / "tenant.json").read_text(encoding="utf-8")) | look
    (book / "tenant.json").write_text(json.dumps(tenant), encoding="utf-8")
    billing("import", book, "--dir", directory)
    (directory / "objects" / "branding").mkdir(parents=True)
    (directory / "objects" / "branding" / "logo.png").write_bytes(logo_png())
    run = billing("run", "--tenant", tenant["tenant_id"], "--as-of", "2026-04-01", "--dir", directory)
    assert run["invoices"]
    for each in run["invoices"]:
        pdf = Path(each["pdf"]).read_bytes()
        (page, *_) = reader(pdf).pages
        assert (float(page.mediabox.width), float(page.mediabox.height)) == (612, 792)
        assert page.images[0].image.size == (400, 100)  # type: ignore[union-attr]
        assert "Geschäftsführung: Dr. Inga Lund" in page_texts(pdf)[0]
