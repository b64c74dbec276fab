"""No change without its record: what no world of the other scenarios does, through the same refusal of silent commits.

Every scenario in a `World` works through `AuditedDocuments`, which refuses a commit of the product that changes a
document and has no audit batch. An import and the texts of mails come from elsewhere.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from billing.adapters.book_files import load_book
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind
from billing.ports import Query
from billing.usecases.call import Call
from billing.usecases.find_audit import find_audit
from billing.usecases.import_book import import_book
from billing.usecases.save_mail_template import reset_mail_template, save_mail_template
from billing.usecases.verify_audit_log import verify_audit_log
from tests.audited_documents import AuditedDocuments
from tests.builders import utc
from tests.world import World, sqlite_in_memory

BOOK = Path(__file__).parents[2] / "samples" / "february-2026"
NOW = utc("2026-03-01")


def test_an_import_records_whatever_it_adds() -> None:
    documents = AuditedDocuments(sqlite_in_memory())
    import_book(documents, load_book(BOOK), recorded_at=NOW)
    records = find_audit(documents, "acme-api", limit=5000)
    recorded = {each.record.entity for each in records}
    for name in ("customers", "plans", "subscriptions", "coupons", "settings"):
        added = {f"{name}/{each.id}" for each in documents.query(Query(f"tenants/acme-api/{name}"))}
        assert added <= recorded, name
    assert "tenants/acme-api" in recorded
    assert verify_audit_log(documents, "acme-api").findings.kept == []


def test_a_mail_s_text_is_saved_and_reset_with_a_record_each() -> None:
    world = World()
    kind, text = NoticeKind.RECEIPT, MailTemplate(subject="Danke", body="Danke.")
    call = Call(tenant_id="acme", actor="ann", recorded_at=NOW)
    save_mail_template(world.documents, kind, "de", text, check=lambda _text: None, call=call)
    later = replace(call, recorded_at=NOW + timedelta(hours=1))
    assert reset_mail_template(world.documents, kind, "de", call=later)
    records = find_audit(world.documents, "acme", entity="mail_templates/receipt.de", limit=9)
    assert [each.record.event for each in records] == ["mail_template.reset", "mail_template.saved"]
