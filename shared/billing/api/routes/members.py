"""`/api/billing/members`: who may look at the tenant's books, work on them, or decide who else may."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from billing.api.routes.books import Deciding
from billing.api.routes.conditions import Seen, entity_tag
from billing.api.routes.models import AnswerModel, GivenModel, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.member import Member, Role
from billing.store.collection import Stored
from billing.store.members import Members
from billing.usecases.change_members import add_member, remove_member, set_role

router = noun("members")


class MemberAnswer(AnswerModel):
    """A member. `identity` is an e-mail address, or `firebase:UID` or `google:SUBJECT`."""

    id: str
    identity: str
    role: Role
    added_at: datetime
    added_by: str


class NewMember(GivenModel):
    """Somebody to be a member; an address counts once the provider of the token has verified it."""

    identity: Annotated[str, Field(min_length=1, max_length=254, description="E-mail, firebase:UID or google:SUBJECT")]
    role: Role


class NewRole(GivenModel):
    """The role to have from now on."""

    role: Role


@router.get("")
def list_members(books: Deciding, paging: Paging) -> Paged[MemberAnswer]:
    """List the members, in the order of their ids."""
    found = Members.of(books.documents, books.tenant_id).page(limit=paging.limit + 1, after=paging.after_id)
    return paging.answer([each.value for each in found], MemberAnswer, id_of=lambda each: each.id)


@router.post("", status_code=201)
def create_member(given: NewMember, books: Deciding, response: Response) -> MemberAnswer:
    """Add a member; 409 where the identity is one already."""
    added = add_member(books.documents, given.identity, role=given.role, call=books.call)
    response.headers["Location"] = f"/api/billing/members/{added.value.id}"
    return _answer(added, response)


@router.get("/{member_id}")
def get_member(member_id: NamedId, books: Deciding, response: Response) -> MemberAnswer:
    """One member, with the version as ETag."""
    return _answer(Members.of(books.documents, books.tenant_id).get(member_id), response)


@router.patch("/{member_id}")
def change_member(member_id: NamedId, given: NewRole, books: Deciding, response: Response, seen: Seen) -> MemberAnswer:
    """Give a member another role. The last admin keeps it (409)."""
    changed = set_role(books.documents, member_id, given.role, call=books.call, check=seen)
    return _answer(changed, response)


@router.delete("/{member_id}", status_code=204)
def delete_member(member_id: NamedId, books: Deciding, seen: Seen) -> None:
    """End a membership. The last admin stays (409)."""
    remove_member(books.documents, member_id, call=books.call, check=seen)


def _answer(stored: Stored[Member], response: Response) -> MemberAnswer:
    response.headers["ETag"] = entity_tag(stored.version)
    return MemberAnswer.model_validate(stored.value)
