"""What a reader copies out of a mail: the number, what is due until when, where a transfer goes."""

from collections.abc import Mapping

from billing.domain.notice import Notice, NoticeKind
from billing.render.bank_fields import account_fields
from billing.render.document_view import Field
from billing.render.words import Words

_OF_WHAT_WAS_PAID = frozenset({NoticeKind.RECEIPT, NoticeKind.SERVICE_RESTORED})


def facts_of(notice: Notice, *, words: Words, names: Mapping[str, str]) -> tuple[Field, ...]:
    """The rows of a mail's table, in the language of `words`; those without a value are left out."""
    if notice.kind is NoticeKind.CREDIT_NOTE_ISSUED:
        return (
            Field(label=words.credit_note_number, value=names["credit_note_number"]),
            Field(label=words.total_credit, value=names["total"], strong=True),
        )
    facts = [Field(label=words.invoice_number, value=names["invoice_number"])]
    if notice.kind not in _OF_WHAT_WAS_PAID:
        facts.append(Field(label=words.amount_due, value=names["amount_due"], strong=True))
        if not _is_past_its_charge(notice, names):
            facts.append(Field(label=words.due_date, value=names["due_on"]))
    elif notice.kind is NoticeKind.RECEIPT or notice.invoice.amount_paid:  # a void invoice brings a service back too
        facts.append(Field(label=words.amount_paid, value=names["amount_paid"], strong=True))
    facts += _account(notice, words=words, names=names)
    return tuple(fact for fact in facts if fact.value)


def _is_past_its_charge(notice: Notice, names: Mapping[str, str]) -> bool:
    """A card that failed is chased from that day on: a later due date beside it would read as time to spare."""
    return notice.kind.chases and names["pays_by"] == "card"


def _account(notice: Notice, *, words: Words, names: Mapping[str, str]) -> tuple[Field, ...]:
    is_asked = notice.kind.chases and names["pays_by"] == "transfer"
    if notice.invoice.bank is None or not (is_asked or notice.kind is NoticeKind.INVOICE_ISSUED):
        return ()
    reference = Field(label=words.reference, value=names["reference"], strong=True)
    return (*account_fields(notice.invoice, words=words), reference)
