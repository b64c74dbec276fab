"""A draft of a plan's next version: kept, changed and looked at until it is published or discarded (semantics 4)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """What the next version of a plan is to say. A plan has one draft at most.

    `content` is the JSON text of a plan as far as it goes, without its id; whoever saved it last, and when (UTC).
    """

    plan_id: str
    content: str
    saved_by: str
    saved_at: datetime
