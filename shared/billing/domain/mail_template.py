"""The text of a mail: what the product says by itself, or a tenant in its place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTemplate:
    """The texts of one mail. Paragraphs of `body` are parted by empty lines; without a `button` there is none."""

    subject: str
    body: str
    button: str = ""
