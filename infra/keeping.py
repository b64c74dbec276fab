"""How long things are kept: never for less long than they are now, unless somebody asks for it."""

from collections.abc import Mapping

from infra.resource import Allowed, Settings


def left_longer(live: Settings, field: str, wanted: int | None, allowed: Allowed) -> Mapping[str, str]:
    """The field, where what is live is longer than what is wanted; None is not at all, and True longer than False."""
    kept = live[field]
    if allowed.shorten or not isinstance(kept, int) or kept <= (wanted or 0):
        return {}
    return {field: "it is kept for longer than declared, and stays so; --shorten makes it as declared"}
