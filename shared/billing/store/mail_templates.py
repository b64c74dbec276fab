"""A tenant's own mail texts, each in place of the product's for one kind and language."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind
from billing.ports import Delete, Documents, Put, Query
from billing.store.codec import decode, encode
from billing.store.collection import Collection


@dataclass(frozen=True, slots=True)
class MailTemplates:
    """The tenant's templates by kind and language."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "MailTemplates":
        """The templates of one tenant."""
        return cls(Collection(documents, tenant_id, "mail_templates"))

    def saving(self, kind: NoticeKind, language: str, template: MailTemplate) -> Put:
        """The write of a template, over what stood there."""
        return Put(self.collection.document(f"{kind.value}.{language}"), encode(template))

    def removal(self, kind: NoticeKind, language: str) -> Delete:
        """The write that goes back to the product's own text."""
        return Delete(self.collection.document(f"{kind.value}.{language}"))

    def all(self) -> Mapping[tuple[str, str], MailTemplate]:
        """Every template of the tenant, by kind and language."""
        found = self.collection.documents.query(Query(self.collection.path))
        return {_key(each.id): decode(each.fields, MailTemplate) for each in found}


def _key(document_id: str) -> tuple[str, str]:
    kind, _, language = document_id.partition(".")
    return kind, language
