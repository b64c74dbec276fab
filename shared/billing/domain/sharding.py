"""Into how many shards a book is cut, and who stands in which: shards are billed side by side."""

from zlib import crc32

_IN_ONE_SHARD = 2_000
_IN_EACH = 2_500
_MOST = 64


def shard_count(subscriptions: int) -> int:
    """The shards of a new book of that size: one up to 2,000 subscriptions, which keeps its numbers in one order.

    Above, a power of two up to 64, so that each has 2,500 at most as long as there are more to be had.
    """
    if subscriptions <= _IN_ONE_SHARD:
        return 1
    return min(_MOST, max(2, 1 << ((subscriptions - 1) // _IN_EACH).bit_length()))


def shard_of(customer_id: str, *, shards: int) -> int:
    """The shard of a customer's subscriptions: the same on every machine, and one for all that share a balance."""
    return crc32(customer_id.encode()) % shards
