"""Whole mails as they were last read. `make golden` writes them anew."""

from pathlib import Path

import pytest

from billing.adapters.mail_message import mail_message
from billing.domain.notice import NoticeKind
from billing.render.mail.compose import compose
from tests.golden.sample_notices import NOTICES, in_german

FOLDER = Path(__file__).parent / "mails"


def test_every_kind_of_mail_is_among_them() -> None:
    assert {each.kind for each in NOTICES.values()} == set(NoticeKind)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", NOTICES)
def test_a_mail_is_still_what_was_approved(name: str, language: str, renew_golden: bool) -> None:
    notice = NOTICES[name] if language == "en" else in_german(NOTICES[name])
    content = mail_message(compose(notice)).as_bytes()
    approved = FOLDER / language / f"{name}.eml"
    if renew_golden:
        approved.parent.mkdir(parents=True, exist_ok=True)
        approved.write_bytes(content)
    assert content == approved.read_bytes()
