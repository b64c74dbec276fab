"""Where mails go is one setting; it never holds a password, and nothing leaves this machine unencrypted."""

from pathlib import Path

import pytest

from billing.adapters.mail_place import MailFolder, MailPlace, MailServer, mail_place, open_mailer
from billing.adapters.maildir import MaildirMailer
from billing.adapters.smtp import SmtpMailer
from billing.config import Misconfigured, Settings
from billing.domain.errors import InvalidInput

NEEDED = {"BILLING_STORE": "sqlite:///data/b.sqlite3", "BILLING_OBJECTS": "file:///data/objects"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("maildir:///var/mail/out", MailFolder(Path("/var/mail/out"))),
        ("smtp://mail.example", MailServer("mail.example", 587, "", True)),
        ("smtp://jo%40acme.test@mail.example:465", MailServer("mail.example", 465, "jo@acme.test", True)),
        ("smtp+plain://127.0.0.1:2525", MailServer("127.0.0.1", 2525, "", False)),
    ],
)
def test_a_place_is_read_from_one_setting(text: str, place: MailPlace) -> None:
    assert mail_place(text) == place
    assert Settings.from_environment({**NEEDED, "BILLING_MAIL": text, "SMTP_PASSWORD": "pw"}).mail == place


@pytest.mark.parametrize(
    "text",
    [
        "mail.example",
        "maildir://out",
        "maildir:///",
        "smtp://",
        "smtp://mail.example/inbox",
        "smtp://mail.example:port",
        "smtp+plain://mail.example",
        "https://mail.example",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="BILLING_MAIL: expected maildir:"):
        mail_place(text)
    with pytest.raises(Misconfigured, match="BILLING_MAIL: use maildir:"):
        Settings.from_environment({**NEEDED, "BILLING_MAIL": text})


def test_a_password_in_the_setting_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        mail_place("smtp://jo:hunter2@mail.example")
    assert "hunter2" not in str(refused.value)


def test_a_tenant_without_a_place_sends_nothing() -> None:
    assert Settings.from_environment(NEEDED).mail is None


def test_each_place_has_its_mailer(tmp_path: Path) -> None:
    assert isinstance(open_mailer(MailFolder(tmp_path), password=""), MaildirMailer)
    assert isinstance(open_mailer(MailServer("127.0.0.1", 25, "", False), password=""), SmtpMailer)
