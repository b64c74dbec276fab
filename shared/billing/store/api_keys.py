"""The API keys of a tenant: what is known of each but the key itself."""

from dataclasses import dataclass

from billing.domain.api_key import ApiKey
from billing.domain.errors import NotFound
from billing.ports import Create, Documents, Put, Query
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The tenant's keys by id. A revoked key stays, so that the log's actor can be looked up."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "ApiKeys":
        """The keys of one tenant."""
        return cls(Collection(documents, tenant_id, "api_keys"))

    def find(self, key_id: str) -> Stored[ApiKey] | None:
        """One key, or None."""
        (document,) = self.collection.get([key_id])
        return None if document is None else Stored(decode(document.fields, ApiKey), document.version)

    def get(self, key_id: str) -> Stored[ApiKey]:
        """One key; NotFound where there is none."""
        found = self.find(key_id)
        if found is None:
            raise NotFound("api_key", key_id)
        return found

    def all(self) -> list[Stored[ApiKey]]:
        """Every key."""
        found = self.collection.documents.query(Query(self.collection.path))
        return [Stored(decode(each.fields, ApiKey), each.version) for each in found]

    def page(self, *, limit: int, after: str | None = None) -> list[Stored[ApiKey]]:
        """The keys in the order of their ids, from after one."""
        query = Query(self.collection.path, limit=limit, start_after=None if after is None else (after,))
        return [Stored(decode(each.fields, ApiKey), each.version) for each in self.collection.documents.query(query)]

    def creation(self, key: ApiKey) -> Create:
        """The write of a new key."""
        return Create(self.collection.document(key.id), encode(key))

    def saving(self, key: ApiKey, *, expected: str) -> Put:
        """The write of a key that changed, over exactly the version that was read."""
        return Put(self.collection.document(key.id), encode(key), expected)
