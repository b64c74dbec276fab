"""`/api/billing/mail-templates`: the texts of mails, the product's or the tenant's own."""

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from billing.api.problem import InvalidRequest
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.conditions import OverRead, entity_tag
from billing.api.routes.models import AnswerModel, GivenModel
from billing.api.routes.noun import noun
from billing.domain.errors import InvalidInput
from billing.domain.mail_template import MailTemplate
from billing.domain.member import Role
from billing.domain.notice import NoticeKind
from billing.render.mail.built_in import LANGUAGES, built_in
from billing.render.mail.names import EXAMPLES
from billing.render.mail.template import LONGEST, check_template
from billing.store.mail_templates import MailTemplates
from billing.usecases.save_mail_template import BUILT_IN, reset_mail_template, save_mail_template, version_of

router = noun("mail-templates")
Reading = Annotated[Books, reading("settings")]
Administering = Annotated[Books, changing("settings", role=Role.ADMIN)]
Language = Annotated[str, Path(pattern=f"^({'|'.join(LANGUAGES)})$")]


class TemplateAnswer(AnswerModel):
    """One text; `own` says that it is the tenant's and not the product's."""

    kind: NoticeKind
    language: str
    subject: str
    body: str
    button: str
    own: bool


class TemplatesAnswer(AnswerModel):
    """Every text, and the names that may stand in one, each with an example."""

    data: list[TemplateAnswer]
    names: dict[str, str]


class GivenTemplate(GivenModel):
    """A text; names stand in double braces, paragraphs are parted by empty lines."""

    subject: Annotated[str, Field(min_length=1, max_length=LONGEST["subject"])]
    body: Annotated[str, Field(min_length=1, max_length=LONGEST["body"])]
    button: Annotated[str, Field(max_length=LONGEST["button"])] = ""


@router.get("")
def list_templates(books: Reading) -> TemplatesAnswer:
    """Every kind of mail in every language."""
    own = MailTemplates.of(books.documents, books.tenant_id).all()
    data = [_answer(kind, language, own.get((kind.value, language))) for kind in NoticeKind for language in LANGUAGES]
    return TemplatesAnswer(data=data, names={name: str(example) for name, example in EXAMPLES.items()})


@router.get("/{kind}/{language}")
def get_template(kind: NoticeKind, language: Language, books: Reading, response: Response) -> TemplateAnswer:
    """One text, with its version as ETag: `"built-in"` where it is the product's own."""
    own = MailTemplates.of(books.documents, books.tenant_id).get(kind, language)
    response.headers["ETag"] = entity_tag(version_of(own))
    return _answer(kind, language, None if own is None else own.value)


@router.put("/{kind}/{language}")
def put_template(
    kind: NoticeKind, language: Language, given: GivenTemplate, books: Administering, over: OverRead
) -> TemplateAnswer:
    """Put the tenant's own text in place; one that can't be filled in is refused.

    With If-Match nothing is replaced but what was read (412); `"built-in"` is the product's own text.
    """
    template = MailTemplate(subject=given.subject, body=given.body, button=given.button)
    version = save_mail_template(
        books.documents, kind, language, template, check=_check, call=books.call, seen=over.seen
    )
    over.response.headers["ETag"] = entity_tag(version)
    return _answer(kind, language, template)


@router.delete("/{kind}/{language}")
def reset_template(kind: NoticeKind, language: Language, books: Administering, over: OverRead) -> TemplateAnswer:
    """Go back to the product's own text; with If-Match from the text that was read, and from no other (412)."""
    reset_mail_template(books.documents, kind, language, call=books.call, seen=over.seen)
    over.response.headers["ETag"] = entity_tag(BUILT_IN)
    return _answer(kind, language, None)


def _check(template: MailTemplate) -> None:
    """Raise InvalidRequest of the field for what `check_template` says of a line in it."""
    try:
        check_template(template, names=EXAMPLES)
    except InvalidInput as error:
        raise InvalidRequest([{"field": error.field.partition(" ")[0], "detail": str(error)}]) from error


def _answer(kind: NoticeKind, language: str, own: MailTemplate | None) -> TemplateAnswer:
    shown = own or built_in(kind, language=language)
    return TemplateAnswer(
        kind=kind, language=language, subject=shown.subject, body=shown.body, button=shown.button, own=own is not None
    )
