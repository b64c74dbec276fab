"""The product's own mail texts: one file a kind and language, a header of subject and button above the body."""

from functools import lru_cache
from importlib.resources import files

from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind

LANGUAGES = ("en", "de")


def language_of(locale: str) -> str:
    """The language that mails for a locale are written in: English where there are no texts in its own."""
    language = locale.replace("-", "_").partition("_")[0].lower()
    return language if language in LANGUAGES else "en"


@lru_cache(maxsize=64)
def built_in(kind: NoticeKind, *, language: str) -> MailTemplate:
    """The product's template of a kind in one of `LANGUAGES`."""
    source = files("billing.render.mail").joinpath("templates", language, f"{kind.value}.txt")
    header, _, body = source.read_text(encoding="utf-8").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in header.splitlines())
    return MailTemplate(subject=fields["Subject"], button=fields.get("Button", ""), body=body.strip())
