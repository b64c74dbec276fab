"""The product's own mail texts: one file a kind and language, a header of subject and button above the body."""

from functools import lru_cache
from importlib.resources import files

from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind
from billing.render.mail.template_file import read_template

LANGUAGES = ("en", "de")


def language_of(locale: str) -> str:
    """The language that mails for a locale are written in: English where there are no texts in its own."""
    language = locale.replace("-", "_").partition("_")[0].lower()
    return language if language in LANGUAGES else "en"


@lru_cache(maxsize=64)
def built_in(kind: NoticeKind, *, language: str) -> MailTemplate:
    """The product's template of a kind in one of `LANGUAGES`."""
    source = files("billing.render.mail").joinpath("templates", language, f"{kind.value}.txt")
    return read_template(source.read_text(encoding="utf-8"))
