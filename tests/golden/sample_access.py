"""Who may call, as it is stored: a member, a key with an end that was revoked, and a write that was answered."""

from datetime import timedelta

from billing.domain.member import Role
from billing.store.idempotent_writes import Claim, IdempotentWrites, WriteAnswer
from billing.usecases.api_keys import WantedKey, create_api_key, revoke_api_key
from billing.usecases.call import Call
from billing.usecases.change_members import add_member
from tests.world import World

SECRET = "n" * 43


def opened(world: World) -> None:
    """Let somebody in, a program too, and answer one write."""
    documents, tenant_id = world.documents, world.tenant.id
    call = Call(tenant_id=tenant_id, actor="cli", recorded_at=world.now + timedelta(hours=1))
    add_member(documents, "ada@acme.test", role=Role.ADMIN, call=call)
    wanted = WantedKey(
        name="usage", role=Role.STAFF, scopes=["usage:write"], expires_at=call.recorded_at + timedelta(days=90)
    )
    stored, _ = create_api_key(documents, wanted, new_secret=lambda: SECRET, call=call)
    revoke_api_key(documents, stored.value.id, call=call)
    writes = IdempotentWrites.of(documents, tenant_id)
    claim = writes.claim("order-1", fingerprint="f" * 64, claim_id="c" * 32, now=call.recorded_at)
    assert isinstance(claim, Claim)
    writes.finish(claim, WriteAnswer(status=201, headers={"content-type": "application/json"}, body='{"id": "one"}'))
