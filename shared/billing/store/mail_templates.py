"""A tenant's own mail texts, each in place of the product's for one kind and language."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind
from billing.ports import Create, Delete, Documents, Put, Query
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored


@dataclass(frozen=True, slots=True)
class MailTemplates:
    """The tenant's templates by kind and language."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "MailTemplates":
        """The templates of one tenant."""
        return cls(Collection(documents, tenant_id, "mail_templates"))

    def get(self, kind: NoticeKind, language: str) -> Stored[MailTemplate] | None:
        """The tenant's own text, or None where the product's stands."""
        [found] = self.collection.get([f"{kind.value}.{language}"])
        return None if found is None else Stored(decode(found.fields, MailTemplate), found.version)

    def saving(
        self, kind: NoticeKind, language: str, template: MailTemplate, *, over: Stored[MailTemplate] | None = None
    ) -> Create | Put:
        """The write of a template over exactly what was read, or as the first one."""
        return self.collection.writing(f"{kind.value}.{language}", encode(template), over=over)

    def removal(self, kind: NoticeKind, language: str, *, read: Stored[MailTemplate]) -> Delete:
        """The write that goes back from exactly what was read to the product's own text."""
        return Delete(self.collection.document(f"{kind.value}.{language}"), expected=read.version)

    def all(self) -> Mapping[tuple[str, str], MailTemplate]:
        """Every template of the tenant, by kind and language."""
        found = self.collection.documents.query(Query(self.collection.path))
        return {_key(each.id): decode(each.fields, MailTemplate) for each in found}


def _key(document_id: str) -> tuple[str, str]:
    kind, _, language = document_id.partition(".")
    return kind, language
