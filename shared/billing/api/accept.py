"""What a caller would rather have, as its Accept header says (RFC 9110 12.5.1)."""

import re

_RANGE = re.compile(r"\s*([\w.+*-]+/[\w.+*-]+)\s*((?:;[^,]*)?)")
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def prefers(accept: str, media_type: str, *, to: str) -> bool:
    """Whether it is rather the one type than the other; of two that are equal to it, the first if it is named."""
    ranges = {found[1].lower(): _quality(found[2]) for found in map(_RANGE.fullmatch, accept.split(",")) if found}
    wanted, other = _of(media_type, ranges), _of(to, ranges)
    return wanted > other or (wanted == other > 0 and media_type in ranges)


def _quality(parameters: str) -> int:
    """In thousandths; without any it is all of them."""
    found = _QUALITY.search(parameters)
    return 1000 if found is None else int(found[1].replace(".", "").ljust(4, "0"))


def _of(media_type: str, ranges: dict[str, int]) -> int:
    """What the most specific range that it is in says of it; 0 where it is in none."""
    among = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((ranges[each] for each in among if each in ranges), 0)
