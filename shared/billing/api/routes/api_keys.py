"""`/api/billing/api-keys`: the keys of a tenant's own programs. A key is shown once, when it is made."""

from datetime import datetime
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field

from billing.api.access import door_of
from billing.api.rest import keep_instead
from billing.api.routes.books import Deciding
from billing.api.routes.conditions import Seen, entity_tag
from billing.api.routes.models import AnswerModel, DayOrInstant, GivenModel, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.api_key import SCOPED_NOUNS, ApiKey
from billing.domain.member import Role
from billing.store.api_keys import ApiKeys
from billing.store.collection import Stored
from billing.usecases.api_keys import WantedKey, create_api_key, revoke_api_key

router = noun("api-keys")

_SCOPE = rf"^({'|'.join(SCOPED_NOUNS)}):(read|write)$"


class ApiKeyAnswer(AnswerModel):
    """What is known of a key: `prefix` is its public beginning. Without scopes it may do what its role may."""

    id: str
    name: str
    role: Role
    scopes: list[str]
    prefix: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str


class CreatedApiKey(ApiKeyAnswer):
    """A new key. `key` is told this once; a repeat with the same Idempotency-Key says null."""

    key: str | None


class NewApiKey(GivenModel):
    """A key to be made. `scopes` narrow the role to nouns, each to read or to write, which includes reading."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role
    scopes: Annotated[list[Annotated[str, Field(pattern=_SCOPE)]], Field(max_length=50, default_factory=list)]
    expires_at: DayOrInstant | None = None


@router.get("")
def list_api_keys(books: Deciding, paging: Paging) -> Paged[ApiKeyAnswer]:
    """List the keys, the revoked ones too, in the order of their ids."""
    found = ApiKeys.of(books.documents, books.tenant_id).page(limit=paging.limit + 1, after=paging.after_id)
    return paging.answer([each.value for each in found], ApiKeyAnswer, id_of=lambda each: each.id)


@router.post("", status_code=201)
def make_api_key(given: NewApiKey, books: Deciding, request: Request, response: Response) -> CreatedApiKey:
    """Make a key. Keep what `key` says: it is stored nowhere, and nobody can be told it again."""
    ends = books.instant("expires_at", given.expires_at)
    wanted = WantedKey(name=given.name, role=given.role, scopes=given.scopes, expires_at=ends)
    stored, key = create_api_key(books.documents, wanted, new_secret=door_of(request).new_secret, call=books.call)
    response.headers["Location"] = f"/api/billing/api-keys/{stored.value.id}"
    answer = CreatedApiKey(**_answer(stored, response).model_dump(), key=key)
    keep_instead(request, answer.model_copy(update={"key": None}).model_dump(mode="json"))
    return answer


@router.get("/{key_id}")
def get_api_key(key_id: NamedId, books: Deciding, response: Response) -> ApiKeyAnswer:
    """What is known of one key."""
    return _answer(ApiKeys.of(books.documents, books.tenant_id).get(key_id), response)


@router.post("/{key_id}/revoke")
def revoke(key_id: NamedId, books: Deciding, response: Response, seen: Seen) -> ApiKeyAnswer:
    """Revoke a key, from the next request on; one that is revoked stays so."""
    return _answer(revoke_api_key(books.documents, key_id, call=books.call, seen=seen), response)


def _answer(stored: Stored[ApiKey], response: Response) -> ApiKeyAnswer:
    response.headers["ETag"] = entity_tag(stored.version)
    return ApiKeyAnswer.model_validate(stored.value)
