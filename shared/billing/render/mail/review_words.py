"""Why a person has to look at a dunning case, in the tenant's language: the domain says it in English."""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

_GERMAN: Final = {
    r"day (?P<day>\d+): unpaid after (?P<tries>\d+) retr(?:y|ies) and (?P<notices>\d+) notices?": (
        "am Tag {day} des Mahnplans noch nicht bezahlt (weitere Abbuchungsversuche: {tries}, Erinnerungen: {notices})"
    ),
    r"the payment was taken back": "die Zahlung wurde zurückgebucht",
    r"the payment was declined as (?P<code>\S+)": "die Zahlung wurde mit dem Code {code} abgelehnt",
    r"not paid by (?P<until>\d{4}-\d\d-\d\d), as was promised": "bis zum {until} nicht bezahlt, anders als zugesagt",
    r"still unpaid after it was extended": "auch nach der verlängerten Frist nicht bezahlt",
    r"still unpaid after it was retried": "auch nach dem erneuten Abbuchungsversuch nicht bezahlt",
}


def review_reason(reason: str, *, language: str, write_day: Callable[[date], str]) -> str:
    """The reason in English or German, a day in it as `write_day` does; what somebody wrote by hand stays."""
    if language != "de":
        return reason
    for pattern, german in _GERMAN.items():
        if found := re.fullmatch(pattern, reason):
            said = found.groupdict()
            if "until" in said:
                said["until"] = write_day(date.fromisoformat(said["until"]))
            return german.format(**said)
    return reason
