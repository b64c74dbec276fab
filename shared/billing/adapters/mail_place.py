"""Where mails go, as one setting says: `maildir:///absolute/folder` or `smtp://user@host:587`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, assert_never
from urllib.parse import unquote, urlsplit

from billing.adapters.variables import Variables
from billing.domain.errors import InvalidInput
from billing.ports import Mailer

SMTP_PASSWORD = "SMTP_PASSWORD"  # noqa: S105 - the secret's name

_SUBMISSION = 587
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailFolder:
    """Mails are put into a folder."""

    path: Path


@dataclass(frozen=True, slots=True)
class MailServer:
    """Mails are handed to a server: encrypted, unless it is on this very machine and says so by `smtp+plain`."""

    host: str
    port: int
    user: str
    encrypted: bool


MailPlace: TypeAlias = MailFolder | MailServer


def mail_setting(read: Variables) -> MailPlace | None:
    """BILLING_MAIL, None where it is not set; what is wrong with it is noted with `read`."""
    try:
        return mail_place(read.text("BILLING_MAIL")) if read.text("BILLING_MAIL") else None
    except InvalidInput as error:
        read.flaw(error.field, remedy=f"use {error.expected}")
        return None


def mail_place(text: str) -> MailPlace:
    """Where a setting sends mails. InvalidInput for anything else; a password stands in a secret, never here."""
    try:
        parts = urlsplit(text)
        port = parts.port or _SUBMISSION
    except ValueError:
        raise _invalid(text) from None
    if parts.scheme == "maildir" and not parts.netloc and re.fullmatch("/+[^/].*", parts.path):
        return MailFolder(Path("/" + unquote(parts.path).lstrip("/")))
    is_plain = parts.scheme == "smtp+plain" and parts.hostname in _LOOPBACK
    if not (parts.scheme == "smtp" or is_plain) or not parts.hostname or parts.path.strip("/") or parts.password:
        raise _invalid(text)
    return MailServer(parts.hostname, port, unquote(parts.username or ""), not is_plain)


def open_mailer(place: MailPlace, *, password: str) -> Mailer:
    """The mailer of a place; `password` is the server's, where it wants a login."""
    match place:
        case MailFolder(path):
            from billing.adapters.maildir import MaildirMailer

            return MaildirMailer(path)
        case MailServer(host, port, user, encrypted):
            from billing.adapters.smtp import SmtpMailer, SmtpServer

            return SmtpMailer(SmtpServer(host=host, port=port, user=user, password=password, encrypted=encrypted))
        case _:
            assert_never(place)


def _invalid(text: str) -> InvalidInput:
    without_password = re.sub(r"(//[^:@/]*):[^@/]*@", r"\1:...@", text)
    expected = "maildir:///absolute/folder or smtp://user@host:587, its password in SMTP_PASSWORD"
    return InvalidInput("BILLING_MAIL", expected=expected, given=without_password)
