"""What every mailer keeps: the mail as it was written, refused for good or for now, and nothing injected into it."""

import email
import mailbox
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from billing.adapters.maildir import MaildirMailer
from billing.adapters.smtp import SmtpMailer, SmtpServer
from billing.ports import Mail, Mailer, MailFile, MailRefused, MailUnavailable
from tests.builders import utc
from tests.local_server import free_port

MAIL = Mail(
    message_id="sub-1.20260201T000000Z.r0.invoice@acme.example",
    sender="billing@acme.example",
    sender_name="Acme GmbH, Köln",
    to=("jo@kunde.example",),
    subject="Rechnung INV-2026-02-0001 über 49,00 €",
    text="Guten Tag,\n\nanbei die Rechnung. Grüße",
    html="<p>Guten Tag,</p><p>anbei die Rechnung. <b>Grüße</b></p>",
    sent_at=utc("2026-03-01T08:00"),
    reply_to="help@acme.example",
    language="de",
    files=(MailFile(name="INV-2026-02-0001.pdf", content_type="application/pdf", content=b"%PDF-1.7 \xe2\xe3"),),
)


@dataclass(kw_only=True)
class Inbox:
    """A server's handler: keeps what it took, refuses whom it is told to."""

    refused: dict[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 OK"


def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object) -> AuthResult:
    assert isinstance(login, LoginPassword)
    return AuthResult(success=(login.login, login.password) == (b"billing", b"secret"), handled=False)


@dataclass
class Mailing:
    """A mailer and what arrived through it."""

    mailer: Mailer
    arrived: Callable[[], list[EmailMessage]]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[Controller]:
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=authenticate,
        auth_require_tls=False,
    )
    controller.start()
    yield controller
    if controller.server is not None:  # a test may have stopped it
        controller.stop()


def smtp(controller: Controller, *, password: str = "secret") -> SmtpMailer:
    return SmtpMailer(
        SmtpServer(host="127.0.0.1", port=controller.port, user="billing", password=password, encrypted=False)
    )


@pytest.fixture(params=["smtp", "maildir"])
def mailing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mailing]:
    if request.param == "maildir":
        yield Mailing(MaildirMailer(tmp_path / "mail"), lambda: [parsed(each) for each in in_folder(tmp_path / "mail")])
        return
    inbox: Inbox = request.getfixturevalue("inbox")
    mailer = smtp(request.getfixturevalue("server"))
    yield Mailing(mailer, lambda: [parsed(each) for each in inbox.taken])
    mailer.close()


def in_folder(folder: Path) -> list[bytes]:
    return [mailbox.Maildir(folder).get_bytes(key) for key in mailbox.Maildir(folder).keys()]  # noqa: SIM118


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_arrives_as_it_was_written(mailing: Mailing) -> None:
    mailing.mailer.send(MAIL)
    [message] = mailing.arrived()
    assert message["From"] == '"Acme GmbH, Köln" <billing@acme.example>'
    assert message["To"] == "jo@kunde.example"
    assert message["Reply-To"] == "help@acme.example"
    assert message["Subject"] == "Rechnung INV-2026-02-0001 über 49,00 €"
    assert message["Message-ID"] == "<sub-1.20260201T000000Z.r0.invoice@acme.example>"
    assert message["Date"].datetime == utc("2026-03-01T08:00")
    assert message["Content-Language"] == "de"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n").strip() == MAIL.text
    assert html.get_content().strip() == MAIL.html
    [file] = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("INV-2026-02-0001.pdf", "application/pdf")
    assert file.get_content() == b"%PDF-1.7 \xe2\xe3"


@pytest.mark.parametrize(
    "changes",
    [
        {"to": ("jo@kunde.example\r\nBcc: all@else.example",)},
        {"subject": "Invoice\r\nBcc: all@else.example"},
        {"sender_name": "Acme\nBcc: all@else.example"},
        {"reply_to": "help@acme.example\nBcc: all@else.example"},
        {"message_id": "a@b>\r\nBcc: all@else.example"},
        {"to": ("no address",)},
        {"to": ("",)},
    ],
)
def test_what_would_be_another_header_is_refused_and_nothing_is_sent(
    mailing: Mailing, changes: dict[str, object]
) -> None:
    with pytest.raises(MailRefused, match="not a mail that can be sent"):
        mailing.mailer.send(replace(MAIL, **changes))  # type: ignore[arg-type]
    assert mailing.arrived() == []


def test_many_mails_go_the_same_way(mailing: Mailing) -> None:
    for number in range(20):
        mailing.mailer.send(replace(MAIL, message_id=f"{number}@acme.example"))
    assert sorted(str(each["Message-ID"]) for each in mailing.arrived()) == sorted(
        f"<{number}@acme.example>" for number in range(20)
    )


def test_a_folder_holds_a_mail_once_wherever_it_was_moved(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    mailer = MaildirMailer(folder)
    mailer.send(MAIL)
    mailer.send(replace(MAIL, subject="again"))
    [new] = (folder / "new").iterdir()
    new.rename(folder / "cur" / f"{new.name}:2,S")
    mailer.send(replace(MAIL, sent_at=utc("2026-03-02")))
    assert len(in_folder(folder)) == 1
    assert list((folder / "tmp").iterdir()) == []


def test_a_folder_that_can_not_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file in the way")
    with pytest.raises(MailUnavailable, match="NotADirectoryError|FileExistsError"):
        MaildirMailer(tmp_path / "mail").send(MAIL)


@pytest.mark.parametrize(("answer", "error"), [("550 no such user", MailRefused), ("451 try later", MailUnavailable)])
def test_an_answer_of_the_server_is_for_good_or_for_now(
    server: Controller, inbox: Inbox, answer: str, error: type[Exception]
) -> None:
    inbox.refused["jo@kunde.example"] = answer
    mailer = smtp(server)
    with pytest.raises(error, match=answer):
        mailer.send(MAIL)
    mailer.send(replace(MAIL, to=("other@kunde.example",)))
    assert len(inbox.taken) == 1
    mailer.close()


def test_a_wrong_password_is_unavailable_and_not_said(server: Controller) -> None:
    with pytest.raises(MailUnavailable, match="535") as raised:
        smtp(server, password="wrong-secret").send(MAIL)
    assert "wrong-secret" not in str(raised.value)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(MailUnavailable, match="ConnectionRefusedError"):
        SmtpMailer(SmtpServer(host="127.0.0.1", port=9, encrypted=False)).send(MAIL)


def test_a_server_without_encryption_gets_no_mail_where_it_is_asked_for(server: Controller, inbox: Inbox) -> None:
    mailer = SmtpMailer(SmtpServer(host="127.0.0.1", port=server.port, user="billing", password="secret"))
    with pytest.raises(MailUnavailable, match="STARTTLS"):
        mailer.send(MAIL)
    assert inbox.taken == []


def test_a_broken_connection_is_opened_again(server: Controller, inbox: Inbox) -> None:
    mailer = smtp(server)
    mailer.send(MAIL)
    port = server.port
    server.stop()
    with pytest.raises(MailUnavailable):
        mailer.send(MAIL)
    again = Controller(inbox, hostname="127.0.0.1", port=port, authenticator=authenticate, auth_require_tls=False)
    again.start()
    mailer.send(MAIL)
    assert len(inbox.taken) == 2
    mailer.close()
    again.stop()
