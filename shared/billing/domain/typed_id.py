"""An id for what somebody types: made of what was typed, so that the same line typed twice is one booking."""

import hashlib
import json


def typed_id(*said: str | int) -> str:
    """An id such as `manual.3f0c12ab94d07e55`: the same for the same parts, another for any others."""
    digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return f"manual.{digest[:16]}"
