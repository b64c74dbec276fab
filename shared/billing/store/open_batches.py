"""Batches of invoices that a spread run handed to the queue to be settled: what its end waits for, and hands in again.

A batch is noted before its task is enqueued and taken off when that is done or given up, so that none is lost between
the two: a note for each hundred invoices of a tenant in shards. One that nobody took off ends with the run's record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from billing.ports import Delete, Documents, Fields, Put, Query
from billing.store.codec import SCHEMA_VERSION
from billing.store.collection import Collection
from billing.store.ids import checked_id

_A_COMMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatches:
    """The open batches of one tenant's part in the run `fan_out_id`, by the names of their parts.

    Notes are kept until `expires_at`.
    """

    documents: Documents
    tenant_id: str
    fan_out_id: str
    expires_at: datetime

    def note(self, batches: Mapping[str, Sequence[str]]) -> None:
        """Note the ids of each batch's invoices."""
        kept: Fields = {"expires_at": self.expires_at, "schema_version": SCHEMA_VERSION}
        writes = [Put(self._document(name), {"invoices": " ".join(ids), **kept}) for name, ids in batches.items()]
        for start in range(0, len(writes), _A_COMMIT):
            self.documents.commit(writes[start : start + _A_COMMIT])

    def taking_off(self, name: str) -> Delete:
        """The write that says that no more comes of a batch."""
        return Delete(self._document(name))

    def first(self, *, limit: int) -> list[tuple[str, ...]]:
        """The invoices of open batches, of `limit` batches at most."""
        found = self.documents.query(Query(self._path, limit=limit))
        return [tuple(cast("str", each.fields["invoices"]).split()) for each in found]

    @property
    def _path(self) -> str:
        return f"{Collection(self.documents, self.tenant_id, 'runs').document(self.fan_out_id)}/batches"

    def _document(self, name: str) -> str:
        return f"{self._path}/{checked_id('batches.id', name)}"
