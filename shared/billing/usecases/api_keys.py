"""Make and revoke a tenant's API keys. The key itself is told once, to whoever asked for it; its digest is stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.api_key import ApiKey, new_token, scopes_in_order, token_hash, token_prefix
from billing.domain.member import Role
from billing.ports import Documents
from billing.store.api_keys import ApiKeys
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.version_check import VersionCheck, any_version


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedKey:
    """What somebody wants a key for. Without scopes it may do all that its role may."""

    name: str
    role: Role
    scopes: Sequence[str] = ()
    expires_at: datetime | None = None


def create_api_key(
    documents: Documents, wanted: WantedKey, *, new_secret: Callable[[], str], call: Call
) -> tuple[Stored[ApiKey], str]:
    """The key's record, and the key: nobody can be told it again. InvalidInput for a name, a scope or an end.

    `new_secret` makes 256 random bits in URL-safe Base64.
    """
    token = new_token(call.tenant_id, key_id=token_hash(new_secret())[:16], secret=new_secret())
    key = ApiKey(
        id=token.key_id,
        name=wanted.name,
        role=wanted.role,
        scopes=scopes_in_order(wanted.scopes),
        prefix=token_prefix(token),
        hash=token_hash(token.text),
        created_at=call.recorded_at,
        created_by=call.actor,
        expires_at=wanted.expires_at,
    )
    after = ", ".join([key.role.value, *key.scopes])
    record = call.record(f"api_keys/{key.id}", "api_key.created", after=after, reason=key.name)
    audit = AuditLog.of(documents, call.tenant_id).batch(
        [record], batch_id=f"create-key-{key.id}", recorded_at=call.recorded_at
    )
    [version, _] = documents.commit([ApiKeys.of(documents, call.tenant_id).creation(key), audit])
    return Stored(key, version), token.text


def revoke_api_key(
    documents: Documents, key_id: str, *, call: Call, seen: VersionCheck = any_version
) -> Stored[ApiKey]:
    """Revoke a key, from the next request on; once revoked it stays as it is.

    Raises NotFound where there is none, and whatever `seen` raises of its version.
    """

    def revoke() -> Stored[ApiKey]:
        keys = ApiKeys.of(documents, call.tenant_id)
        read = keys.get(key_id)
        seen(read.version)
        if read.value.revoked_at is not None:
            return read
        revoked = replace(read.value, revoked_at=call.recorded_at, revoked_by=call.actor)
        record = call.record(f"api_keys/{key_id}", "api_key.revoked", after="revoked", reason=read.value.name)
        name = commit_name("revoke-key", key_id, read.version)
        audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id=name, recorded_at=call.recorded_at)
        [version, _] = documents.commit([keys.saving(revoked, expected=read.version), audit])
        return Stored(revoked, version)

    return again_while_others_write(revoke)
