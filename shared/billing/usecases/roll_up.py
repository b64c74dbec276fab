"""Take a report's roll-up as it was kept, or make it again where what it was made from is no longer the same."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from billing.ports import Document, Query
from billing.store.report_rollups import Made, ReportRollups, Row
from billing.store.report_sources import ReportSources, made_from

_AT_ONCE = 16


def rolled_up(
    sources: ReportSources,
    name: str,
    *,
    of: Sequence[Query],
    rows: Callable[[Sequence[list[Document]]], list[Row]],
    head: bool = False,
) -> list[Row]:
    """The rows that the documents of these queries come to, or with `head` those of the first stored part alone.

    The server adds up their marks; only where these are not what the kept roll-up was made from are the documents read,
    by `rows`, and the roll-up is kept. A change while they are read leaves it outdated, and the next report makes it
    again. Raises StoreUnavailable.
    """
    kept = ReportRollups.of(sources.documents, sources.tenant_id)
    with ThreadPoolExecutor(min(_AT_ONCE, len(of))) as pool:  # a large tenant has a query a shard
        made_of = sum(pool.map(sources.made, of), Made())
    found = kept.rows(name, made=made_of, head=head)
    if found is not None:
        return found
    read = [list(sources.read(query)) for query in of]
    made = rows(read)
    for write in kept.writes(name, made, made=sum((made_from(each) for each in read), Made())):
        sources.documents.commit([write])  # each of its own, as a commit takes 4 MiB
    return made
