"""What a later bill has charged of a period whose bill is made again: each part is charged once (semantics 5, 7)."""

from dataclasses import dataclass

from billing.domain.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedStretch:
    """The time (UTC) for which a bill that is in force charged a plan's fee or an item; the id is the line's own."""

    item_id: str
    period: Period
