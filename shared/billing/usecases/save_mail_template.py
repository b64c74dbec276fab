"""Put a tenant's own text in place of one of the product's mails, or go back to the product's."""

from collections.abc import Callable

from billing.domain.errors import InvalidInput
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.mail_templates import MailTemplates
from billing.store.tenants import Tenants
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.version_check import VersionCheck, any_version

BUILT_IN = "built-in"
"""The version of the product's own text, which stands where the tenant has none."""

_LANGUAGES = ("en", "de")


def save_mail_template(
    documents: Documents,
    kind: NoticeKind,
    language: str,
    template: MailTemplate,
    *,
    check: Callable[[MailTemplate], None],
    call: Call,
    seen: VersionCheck = any_version,
) -> str:
    """Save a text that `check` (which raises InvalidInput) has nothing against; the version that it has now.

    The same text again changes nothing. Raises NotFound for an unknown tenant, and whatever `seen` raises of the
    version of the text that stands (`BUILT_IN` where that is the product's own).
    """
    _require(documents, language, call=call)
    check(template)
    templates = MailTemplates.of(documents, call.tenant_id)

    def save() -> str:
        read = templates.get(kind, language)
        seen(version_of(read))
        if read is not None and read.value == template:
            return read.version
        write = templates.saving(kind, language, template, over=read)
        return _commit(documents, write, f"{kind.value}.{language}", read, after=template.subject, call=call)

    return again_while_others_write(save)


def reset_mail_template(
    documents: Documents, kind: NoticeKind, language: str, *, call: Call, seen: VersionCheck = any_version
) -> bool:
    """Go back to the product's own text; whether there was another. Raises what `save_mail_template` does."""
    _require(documents, language, call=call)
    templates = MailTemplates.of(documents, call.tenant_id)

    def reset() -> bool:
        read = templates.get(kind, language)
        seen(version_of(read))
        if read is None:
            return False
        write = templates.removal(kind, language, read=read)
        _commit(documents, write, f"{kind.value}.{language}", read, after=None, call=call)
        return True

    return again_while_others_write(reset)


def version_of(read: Stored[MailTemplate] | None) -> str:
    """The version of the text that stands."""
    return BUILT_IN if read is None else read.version


def _commit(
    documents: Documents, write: Write, name: str, read: Stored[MailTemplate] | None, *, after: str | None, call: Call
) -> str:
    """Write a text, or its removal (`after` is None), with its record; the version that was written."""
    event = "mail_template.reset" if after is None else "mail_template.saved"
    before = "" if read is None else read.value.subject
    record = call.record(f"mail_templates/{name}", event, before=before, after="built in" if after is None else after)
    batch_id = commit_name("mail-template", name, version_of(read))
    audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id=batch_id, recorded_at=call.recorded_at)
    return documents.commit([write, audit])[0]


def _require(documents: Documents, language: str, *, call: Call) -> None:
    Tenants(documents).get(call.tenant_id)
    if language not in _LANGUAGES:
        raise InvalidInput("language", expected=f"one of {', '.join(_LANGUAGES)}", given=language)
