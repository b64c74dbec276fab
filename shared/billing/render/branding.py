"""The seller's look: what a tenant chooses about its documents."""

import re
from dataclasses import dataclass
from functools import cached_property

from billing.domain.errors import InvalidInput
from billing.domain.tenant import Paper

STANDARD_ACCENT = "#1f3a5f"
INK = "0.11 0.13 0.16"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_POINTS = {Paper.A4: (595.28, 841.89), Paper.LETTER: (612.0, 792.0)}
_TINT = 0.07  # of the colour, the rest is white
_DARKEST_INK_BACKGROUND = 0.36  # relative luminance from which dark text reads better than white (WCAG 2.2)
_WHITE = "1 1 1"


@dataclass(frozen=True, kw_only=True)
class Branding:
    """A PNG logo (else the name stands there), a colour as #rrggbb, a closing line for each page, and the paper."""

    logo_png: bytes = b""
    accent: str = STANDARD_ACCENT
    footer: str = ""
    paper: Paper = Paper.A4

    def __post_init__(self) -> None:
        """Refuse what is no colour, with `InvalidInput`."""
        if not _COLOUR.fullmatch(self.accent):
            raise InvalidInput("branding.accent", expected="a colour as #rrggbb", given=self.accent)

    @cached_property
    def palette(self) -> "Palette":
        """The colours that a document is drawn in."""
        channels = [int(self.accent[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        luminance = sum(
            weight * channel**2.2 for weight, channel in zip((0.2126, 0.7152, 0.0722), channels, strict=True)
        )
        light = luminance > _DARKEST_INK_BACKGROUND
        return Palette(
            accent=_operand(channels),
            tint=_operand([1 - (1 - channel) * _TINT for channel in channels]),
            on_accent=INK if light else _WHITE,
            text=INK if light else _operand(channels),
        )

    @property
    def size(self) -> tuple[float, float]:
        """The paper's width and height in points."""
        return _POINTS[self.paper]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours as operands of a content stream: `on_accent` is readable on the accent, `text` on white."""

    accent: str
    tint: str
    on_accent: str
    text: str


def _operand(channels: list[float]) -> str:
    return " ".join(f"{channel:.3f}" for channel in channels)
