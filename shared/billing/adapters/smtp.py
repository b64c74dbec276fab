"""Mails over SMTP: encrypted by STARTTLS or from the start, with a login where the server wants one."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from billing.adapters.mail_message import mail_message
from billing.ports import Mail, MailRefused, MailUnavailable
from billing.ports.trace import span

_IMPLICIT_TLS = 465
_PERMANENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mails go. `encrypted` is only ever off towards this very machine; `hello` is what we call ourselves."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    encrypted: bool = True
    timeout_seconds: int = 20
    hello: str = "localhost"


class SmtpMailer:
    """Sends over one connection, which is opened with the first mail and again after it broke."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._lock = Lock()
        self._connection: smtplib.SMTP | None = None

    @span("mail.send")
    def send(self, mail: Mail) -> None:
        """Hand the mail to the server. MailRefused for a 5xx answer, MailUnavailable for anything else."""
        message = mail_message(mail)
        with self._lock, self._failures_named(mail):
            (self._connection or self._connect()).send_message(message)

    def close(self) -> None:
        """Say goodbye to the server."""
        with self._lock:
            if self._connection is not None:
                with suppress(smtplib.SMTPException, OSError):
                    self._connection.quit()
                self._forget()

    def _connect(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        encrypted_first = server.encrypted and server.port == _IMPLICIT_TLS
        connect = partial(smtplib.SMTP_SSL, context=context) if encrypted_first else smtplib.SMTP
        self._connection = connection = connect(
            server.host, server.port, local_hostname=server.hello, timeout=server.timeout_seconds
        )
        if server.encrypted and not encrypted_first:
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
        return connection

    @contextmanager
    def _failures_named(self, mail: Mail) -> Iterator[None]:
        try:
            yield
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
            self._forget()
            code, text = _answer(error)
            if code >= _PERMANENT and not isinstance(error, smtplib.SMTPAuthenticationError):
                raise MailRefused(", ".join(mail.to), reason=f"{code} {text}") from error
            raise MailUnavailable(reason=f"{code} {text}") from error
        except (smtplib.SMTPException, OSError) as error:
            self._forget()
            raise MailUnavailable(reason=f"{type(error).__name__}: {error}") from error

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _answer(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> tuple[int, str]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, refusal = max(error.recipients.values())
        return code, refusal.decode(errors="replace")
    text = error.smtp_error
    return error.smtp_code, text.decode(errors="replace") if isinstance(text, bytes) else text
