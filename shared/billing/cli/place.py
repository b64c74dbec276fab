"""Where a command works: the three options that nearly every one has, as one value."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command looks, how it answers, and what the pay links of what it issues begin with."""

    tenant_id: str | None
    directory: Path
    as_json: bool
    pay_base: str = ""
