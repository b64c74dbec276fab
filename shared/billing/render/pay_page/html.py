"""Fill in a page's template. Everything in it is escaped; its one style sheet is named to the browser by its hash."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from billing.render.branding import STANDARD_ACCENT
from billing.render.contrast import readable_on
from billing.render.pay_page.words import pay_words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as HTML; `style_hash` is what a content security policy lets its style sheet in by."""

    html: str
    style_hash: str


def html_page(template: str, *, accent: str, **names: object) -> Page:
    """A page from one of the templates beside this file, in the accent's colour (#rrggbb)."""
    style = _style(accent)
    # the sheet is ours and the accent a checked colour: nothing in it can end the element
    html = _environment().get_template(template).render(names, style=Markup(style))  # noqa: S704
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Page(html=html, style_hash=f"sha256-{digest}")


def not_found_page() -> Page:
    """The page of a link that opens nothing: it does not say why."""
    title, sentence = "There is no such page", "Please check that the address is complete, or write to the sender."
    return html_page("plain.html.j2", accent=STANDARD_ACCENT, language="en", title=title, sentence=sentence)


def unavailable_page(language: str = "en") -> Page:
    """The page that is shown when a part did not answer."""
    pay = pay_words_of(language)
    return html_page(
        "plain.html.j2",
        accent=STANDARD_ACCENT,
        language=pay.language,
        title=pay.unavailable_title,
        sentence=pay.unavailable,
    )


@lru_cache(maxsize=256)
def _style(accent: str) -> str:
    sheet = _environment().get_template("style.css.j2")
    return sheet.render(accent=accent, on_accent=readable_on(accent)).strip()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("billing.render", "pay_page")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
