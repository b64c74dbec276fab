"""Put a tenant's own text in place of one of the product's mails, or go back to the product's."""

from collections.abc import Callable

from billing.domain.errors import InvalidInput
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import NoticeKind
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.mail_templates import MailTemplates
from billing.store.tenants import Tenants
from billing.usecases.call import Call

_LANGUAGES = ("en", "de")


def save_mail_template(
    documents: Documents,
    kind: NoticeKind,
    language: str,
    template: MailTemplate,
    *,
    check: Callable[[MailTemplate], None],
    call: Call,
) -> None:
    """Save a text that `check` (which raises InvalidInput) has nothing against. NotFound for an unknown tenant."""
    _require(documents, language, call=call)
    check(template)
    templates, audit = MailTemplates.of(documents, call.tenant_id), AuditLog.of(documents, call.tenant_id)
    record = call.record(f"mail_templates/{kind.value}.{language}", "mail_template.saved", after=template.subject)
    batch_id = f"mail-template-{kind.value}-{language}"
    documents.commit(
        [
            templates.saving(kind, language, template),
            audit.batch([record], batch_id=batch_id, recorded_at=call.recorded_at),
        ]
    )


def reset_mail_template(documents: Documents, kind: NoticeKind, language: str, *, call: Call) -> bool:
    """Go back to the product's own text; whether there was another."""
    _require(documents, language, call=call)
    templates, audit = MailTemplates.of(documents, call.tenant_id), AuditLog.of(documents, call.tenant_id)
    if (kind.value, language) not in templates.all():
        return False
    record = call.record(f"mail_templates/{kind.value}.{language}", "mail_template.reset", after="built in")
    batch_id = f"mail-template-{kind.value}-{language}-reset"
    documents.commit(
        [templates.removal(kind, language), audit.batch([record], batch_id=batch_id, recorded_at=call.recorded_at)]
    )
    return True


def _require(documents: Documents, language: str, *, call: Call) -> None:
    Tenants(documents).get(call.tenant_id)
    if language not in _LANGUAGES:
        raise InvalidInput("language", expected=f"one of {', '.join(_LANGUAGES)}", given=language)
