"""What is asked of a mail server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from billing.domain.errors import BillingError, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFile:
    """A file in a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in both forms.

    `message_id` (without angle brackets) is derived from what the mail is about: sent again, it is the same.
    `sent_at` is a UTC instant, `language` a tag such as de or pt-BR.
    """

    message_id: str
    sender: str
    sender_name: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    sent_at: datetime
    reply_to: str = ""
    language: str = "en"
    files: Sequence[MailFile] = ()


class Mailer(Protocol):
    """Sends mails. The same `message_id` again is the same mail: where it can be told, it is not sent twice."""

    def send(self, mail: Mail) -> None:
        """Hand a mail over for delivery. MailRefused where nobody will ever take it, MailUnavailable to try again."""
        ...


class MailRefused(BillingError):
    """The server refuses this mail or its recipient for good; the sentence is without the address, as it is kept."""

    code: ClassVar[str] = "mail_refused"

    def __init__(self, to: str, *, reason: str) -> None:
        self.to = to
        self.reason = reason
        for address in filter(None, to.split(", ")):
            reason = reason.replace(address, "the address")
        super().__init__(f"the mail server refused the mail: {reason}")


class MailUnavailable(Unavailable):
    """The server did not take the mail now."""

    code: ClassVar[str] = "mail_unavailable"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the mail server did not take the mail: {reason}")
