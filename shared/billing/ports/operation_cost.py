"""What counted operations cost by the list prices of Google Cloud: the one table of prices, with its date."""

from dataclasses import asdict
from typing import Final

from billing.ports.documents import OperationCounts

PRICES_OF: Final = "2026-11"
"""When the prices were looked up: https://cloud.google.com/firestore/pricing (Standard edition, a multi-region such
as eur3; most single regions take half of it) and https://cloud.google.com/storage/pricing (class A operations)."""

NANO_USD: Final = {"reads": 600, "writes": 1_800, "deletes": 200, "objects": 5_000}
"""Billionths of a US dollar each: $0.06, $0.18 and $0.02 per 100,000 documents, $0.05 per 10,000 objects written.

A query costs what it reads, so it has no price of its own."""


def cost_micro_usd(counts: OperationCounts) -> int:
    """Millionths of a US dollar, rounded up, without free quotas, storage, traffic and the functions' own time."""
    nano = sum(asdict(counts)[name] * price for name, price in NANO_USD.items())
    return int(-(-nano // 1_000))
