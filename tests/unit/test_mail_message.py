"""A mail as a message: equal bytes for an equal mail, and subjects that arrive as they were written."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from billing.adapters.mail_message import mail_message
from billing.ports import Mail, MailFile
from tests.builders import utc

MAIL = Mail(
    message_id="abc.receipt@acme.example",
    sender="billing@acme.example",
    sender_name="Acme GmbH",
    to=("jo@kunde.example",),
    subject="Receipt",
    text="Guten Tag",
    html="<p>Guten Tag</p>",
    sent_at=utc("2026-03-01T08:00"),
    files=(MailFile(name="a.pdf", content_type="application/pdf", content=b"%PDF"),),
)


def test_an_equal_mail_is_the_same_message_to_the_byte() -> None:
    assert mail_message(MAIL).as_bytes() == mail_message(replace(MAIL)).as_bytes()


def test_each_level_of_parts_has_a_boundary_that_follows_from_the_content() -> None:
    first, other = mail_message(MAIL), mail_message(replace(MAIL, text="Guten Abend"))
    boundaries = [part.get_boundary() for each in (first, other) for part in each.walk() if part.is_multipart()]
    assert len(boundaries) == len(set(boundaries)) == 4


@pytest.mark.parametrize(
    "subject",
    [
        "Receipt: $49.00 for invoice INV-2026-02-0047",
        "Rechnung INV-2026-02-0047 von Nordlicht Software GmbH: 312,91 €, fällig am 31. März 2026",
        "Gutschrift CN-2026-02-0001 von Nordlicht Software GmbH: 47,01 €",
        "Łódź Ελλάς Россия 株式会社 " * 5 + "Köln",
    ],
)
def test_a_subject_arrives_with_every_blank_and_no_line_is_longer_than_mail_allows(subject: str) -> None:
    content = mail_message(replace(MAIL, subject=subject)).as_bytes()
    assert message_from_bytes(content, policy=default)["Subject"] == subject
    headers, _, _ = content.partition(b"\r\n\r\n")
    assert max(len(line) for line in headers.split(b"\r\n")) <= 78  # RFC 5322, section 2.1.1
