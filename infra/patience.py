"""What Google is not ready for yet is tried again for a minute."""

import re
from collections.abc import Callable
from typing import TypeVar

from infra.errors import Refused

Answer = TypeVar("Answer")
_TRIES = 6
_PAUSE_SECONDS = 10.0
NOT_YET = re.compile(
    "Service account .* does not exist|actAs.*may not exist|has not been used in project|is not ready yet", re.DOTALL
)
"""What Google says for a minute after an account was made or an API switched on."""


def persist(do: Callable[[], Answer], *, pause: Callable[[float], None]) -> Answer:
    """What `do` answers once Google is ready. Raises what it raises last."""
    for _ in range(_TRIES - 1):
        try:
            return do()
        except Refused as error:
            if not NOT_YET.search(error.said):
                raise
            pause(_PAUSE_SECONDS)
    return do()
