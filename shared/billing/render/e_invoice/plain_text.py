"""Text as XML 1.0 can hold it."""

import re

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    """The text on one line, without the characters that no XML document may contain."""
    return " ".join(_ILLEGAL.sub(" ", text).split())
