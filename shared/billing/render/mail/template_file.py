"""A mail template as a text file: `Subject:` and, if there is a button, `Button:`, an empty line, then the body."""

from billing.domain.errors import InvalidInput
from billing.domain.mail_template import MailTemplate

_HEADERS = ("Subject", "Button")


def read_template(text: str) -> MailTemplate:
    """The template that a file holds; InvalidInput, with the line, for a header that is none."""
    header, _, body = text.replace("\r\n", "\n").strip("\ufeff\n").partition("\n\n")
    fields: dict[str, str] = {}
    for number, line in enumerate(header.splitlines(), start=1):
        name, colon, value = line.partition(":")
        if not colon or name not in _HEADERS or name in fields:
            expected = "Subject: or Button: once each, then an empty line and the body"
            where = f"line {number}"
            raise InvalidInput(where, expected=expected, given=line)
        fields[name] = value.strip()
    return MailTemplate(subject=fields.get("Subject", ""), button=fields.get("Button", ""), body=body.strip())


def write_template(template: MailTemplate) -> str:
    """The file of a template."""
    button = f"Button: {template.button}\n" if template.button else ""
    return f"Subject: {template.subject}\n{button}\n{template.body}\n"
