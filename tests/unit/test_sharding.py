"""Into how many shards a book goes, and who stands in which."""

from zlib import crc32

import pytest

from billing.domain.sharding import shard_count, shard_of


@pytest.mark.parametrize(
    ("subscriptions", "shards"),
    [
        (0, 1),
        (2_000, 1),
        (2_001, 2),
        (5_000, 2),
        (5_001, 4),
        (10_000, 4),
        (10_001, 8),
        (100_000, 64),
        (160_000, 64),
        (1_000_000, 64),
    ],
)
def test_a_book_has_as_many_shards_as_leave_2500_subscriptions_to_each(subscriptions: int, shards: int) -> None:
    assert shard_count(subscriptions) == shards


def test_a_customers_shard_is_the_same_on_every_machine() -> None:
    # CRC-32 of "123456789" is cbf43926, the check value of its definition (ISO 3309)
    assert crc32(b"123456789") == 0xCBF43926
    assert shard_of("123456789", shards=64) == 0x26
    assert shard_of("123456789", shards=1) == 0


def test_customers_spread_evenly() -> None:
    sizes = [0] * 4
    for number in range(10_000):
        sizes[shard_of(f"acct-{number:07}", shards=4)] += 1
    assert all(2_300 < size < 2_700 for size in sizes)
