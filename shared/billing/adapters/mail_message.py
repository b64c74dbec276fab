"""A mail as it goes over the wire: headers that nobody can inject into, text, HTML and files."""

import hashlib
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from billing.ports import Mail, MailRefused


class _Subject(UniqueUnstructuredHeader):
    """A subject whose words beyond ASCII keep the blanks between them, which the library's own folding loses."""

    def fold(self, *, policy: Policy) -> str:
        text = str(self)
        if text.isascii():
            return str(super().fold(policy=policy))  # type: ignore[misc]
        words = Header(text, "utf-8", header_name="Subject").encode(linesep=policy.linesep)
        return f"Subject: {words}{policy.linesep}"


def _headers() -> HeaderRegistry:
    registry = HeaderRegistry()
    registry.map_to_type("subject", _Subject)  # type: ignore[arg-type]  # it is mixed into the base class there
    return registry


_POLICY = SMTP.clone(header_factory=_headers())


def mail_message(mail: Mail) -> EmailMessage:
    """The message of a mail. Raises MailRefused for a header that no mail can have: a line break, no address."""
    try:
        return _message(mail)
    except (ValueError, MessageError, IndexError, AttributeError) as error:  # what the parser of addresses raises
        raise MailRefused(", ".join(mail.to), reason=f"not a mail that can be sent: {error}") from error


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(display_name=mail.sender_name, addr_spec=mail.sender)
    message["To"] = [Address(addr_spec=each) for each in mail.to]
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Date"] = format_datetime(mail.sent_at)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    if mail.reply_to:
        message["Reply-To"] = Address(addr_spec=mail.reply_to)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for file in mail.files:
        kind, _, subtype = file.content_type.partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    _bound(message, mail)
    message["Content-Language"] = mail.language  # last: whatever is added takes the Content headers inside with it
    return message


def _bound(message: EmailMessage, mail: Mail) -> None:
    """Set what parts the parts from each other: the same for an equal mail, and nothing that its text could hold."""
    said = hashlib.sha256(mail.message_id.encode())
    for content in (mail.text.encode(), mail.html.encode(), *(file.content for file in mail.files)):
        said.update(content)
    parts = [part for part in message.walk() if part.is_multipart()]
    for place, part in enumerate(parts):
        part.set_boundary(f"={said.hexdigest()[:40]}-{place}")
