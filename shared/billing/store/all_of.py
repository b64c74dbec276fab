"""Everything that a query finds, page by page."""

from collections.abc import Iterator
from dataclasses import replace

from billing.ports import Document, Documents, Query

_A_PAGE = 1000


def all_of(documents: Documents, query: Query) -> Iterator[Document]:
    """The documents of a query without a limit, in its order; the next page is read when the last one is used up.

    With a projection, `fields` has to hold those that the query is sorted by.
    """
    while True:
        page = documents.query(replace(query, limit=_A_PAGE))
        yield from page
        if len(page) < _A_PAGE:
            return
        last = page[-1]
        query = replace(query, start_after=(*(last.fields[order.field] for order in query.order), last.id))
