"""Where text of mixed direction stands: a line's stretches from left to right (Unicode Annex 9, by python-bidi)."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from bidi import algorithm
from bidi.mirror import MIRRORED


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text of one direction in the order in which it is read; `leftwards` where that is from right to left."""

    text: str
    leftwards: bool


def reads_leftwards(text: str) -> bool:
    """Whether a paragraph as a whole reads from right to left: its first letter decides (rules P2 and P3)."""
    return bool(algorithm.get_base_level(text))


def stretches(text: str) -> Iterator[Stretch]:
    """The stretches of a line from left to right. A right-to-left mark at its begin makes the whole line read so."""
    levels = _levels(text)
    placed = [
        (level, "".join(character for _, character in part))
        for level, part in groupby(zip(levels, text, strict=True), key=itemgetter(0))
    ]
    for level in range(max(levels), 0, -1):  # rule L2
        _reverse(placed, from_level=level)
    for level, part in placed:
        yield Stretch(part, leftwards=level % 2 == 1)


def mirrored(text: str) -> str:
    """Text as it stands from left to right where it is read from right to left: reversed, brackets turned around."""
    return "".join(MIRRORED.get(character, character) for character in reversed(text))


def _levels(text: str) -> list[int]:
    storage = algorithm.get_empty_storage()
    base = algorithm.get_base_level(text)
    storage.update(base_level=base, base_dir="LR"[base])
    algorithm.get_embedding_levels(text, storage)
    algorithm.explicit_embed_and_overrides(storage)  # takes out what has no place of its own: joiners
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, debug=False)
    algorithm.resolve_implicit_levels(storage, debug=False)
    found = iter(storage["chars"])
    levels, level = [], base
    for character in text:
        if unicodedata.bidirectional(character) != "BN":
            level = next(found)["level"]
        levels.append(level)
    return levels


def _reverse(placed: list[tuple[int, str]], *, from_level: int) -> None:
    place = 0
    while place < len(placed):
        end = place
        while end < len(placed) and placed[end][0] >= from_level:
            end += 1
        placed[place:end] = reversed(placed[place:end])
        place = max(end, place + 1)
