"""A mail as it goes over the wire: headers that nobody can inject into, text, HTML and files."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from billing.ports import Mail, MailRefused


def mail_message(mail: Mail) -> EmailMessage:
    """The message of a mail. Raises MailRefused for a header that no mail can have: a line break, no address."""
    try:
        return _message(mail)
    except (ValueError, MessageError, IndexError, AttributeError) as error:  # what the parser of addresses raises
        raise MailRefused(", ".join(mail.to), reason=f"not a mail that can be sent: {error}") from error


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
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
    message["Content-Language"] = mail.language  # last: whatever is added takes the Content headers inside with it
    return message
