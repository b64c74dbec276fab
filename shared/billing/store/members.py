"""The members of a tenant, each under an id that follows from what a token says of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.errors import NotFound
from billing.domain.member import Member, Role, member_id
from billing.ports import Create, Delete, Documents, Query, Update
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored


@dataclass(frozen=True, slots=True)
class Members:
    """The tenant's members by id."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Members":
        """The members of one tenant."""
        return cls(Collection(documents, tenant_id, "members"))

    def known_as(self, identities: Sequence[str]) -> list[Member]:
        """Those members whose identity is one of these; it costs one read an identity, found or not."""
        found = self.collection.get([member_id(each) for each in identities])
        return [decode(each.fields, Member) for each in found if each is not None]

    def get(self, member_id: str) -> Stored[Member]:
        """One member; NotFound where there is none."""
        (document,) = self.collection.get([member_id])
        if document is None:
            raise NotFound("member", member_id)
        return Stored(decode(document.fields, Member), document.version)

    def page(self, *, limit: int, after: str | None = None) -> list[Stored[Member]]:
        """The members in the order of their ids, from after one."""
        query = Query(self.collection.path, limit=limit, start_after=None if after is None else (after,))
        return [Stored(decode(each.fields, Member), each.version) for each in self.collection.documents.query(query)]

    def all(self) -> list[Stored[Member]]:
        """Every member; a tenant has as many as people work for it."""
        found = self.collection.documents.query(Query(self.collection.path))
        return [Stored(decode(each.fields, Member), each.version) for each in found]

    def creation(self, member: Member) -> Create:
        """The write of a new member."""
        return Create(self.collection.document(member.id), encode(member))

    def saving(self, read: Stored[Member], role: Role) -> Update:
        """The write of another role, over exactly what was read; the same role only says that nothing has changed."""
        return Update(self.collection.document(read.value.id), {"role": role.value}, expected=read.version)

    def removal(self, read: Stored[Member]) -> Delete:
        """The write that ends a membership, of exactly what was read."""
        return Delete(self.collection.document(read.value.id), expected=read.version)
