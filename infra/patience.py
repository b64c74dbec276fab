"""What Google is not ready for yet, or too busy for, is tried again for a minute, after longer and longer pauses."""

import re
from collections.abc import Callable
from typing import TypeVar

from infra.errors import Refused

Answer = TypeVar("Answer")
_PAUSES_SECONDS = (2.0, 4.0, 8.0, 16.0, 30.0)
NOT_YET = re.compile(
    "Service account .* does not exist|actAs.*may not exist|has not been used in project|is not ready yet", re.DOTALL
)
"""What Google says for a minute after an account was made or an API switched on."""

_BUSY = re.compile("underlying data changed|cross-transaction contention|too much contention", re.IGNORECASE)
"""What Firestore says (ABORTED, 409) of one change of many indexes and fields, which run into those before them.

https://github.com/firebase/firebase-tools/issues/1119,
https://github.com/hashicorp/terraform-provider-google/issues/16599 and .../16664
"""


def persist(do: Callable[[], Answer], *, pause: Callable[[float], None]) -> Answer:
    """What `do` answers once Google is ready. Raises what it raises last."""
    for seconds in _PAUSES_SECONDS:
        try:
            return do()
        except Refused as error:
            if not NOT_YET.search(error.said) and not _BUSY.search(error.said):
                raise
            pause(seconds)
    return do()
