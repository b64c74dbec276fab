"""Who is a member of a tenant, and with which role: each change is one record of the audit log."""

from collections.abc import Callable

from billing.domain.member import LastAdmin, Member, MemberExists, Role, checked_identity
from billing.ports import Documents, Write, WriteConflict
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.members import Members
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name


def add_member(documents: Documents, identity: str, *, role: Role, call: Call) -> Stored[Member]:
    """Make somebody a member. InvalidInput for an identity that no token proves, MemberExists for one of a member."""
    member = Member(identity=checked_identity(identity), role=role, added_by=call.actor, added_at=call.recorded_at)
    members = Members.of(documents, call.tenant_id)
    record = call.record(f"members/{member.id}", "member.added", after=role.value, reason=member.identity)
    audit = AuditLog.of(documents, call.tenant_id).batch(
        [record], batch_id=f"add-{member.id}", recorded_at=call.recorded_at
    )
    try:
        [version, _] = documents.commit([members.creation(member), audit])
    except WriteConflict:
        raise MemberExists(member) from None
    return Stored(member, version)


def set_role(
    documents: Documents,
    member_id: str,
    role: Role,
    *,
    call: Call,
    check: Callable[[str], None] = lambda _version: None,
) -> Stored[Member]:
    """Give a member another role; the same one changes nothing.

    Raises NotFound, LastAdmin where nobody would be left to decide on members, and what `check` raises, which is told
    the version that the change is made on.
    """

    def change() -> Stored[Member]:
        read = Members.of(documents, call.tenant_id).get(member_id)
        check(read.version)
        if read.value.role is role:
            return read
        _commit(documents, read, Members.of(documents, call.tenant_id).saving(read, role), after=role.value, call=call)
        return Members.of(documents, call.tenant_id).get(member_id)

    return again_while_others_write(change)


def remove_member(
    documents: Documents, member_id: str, *, call: Call, check: Callable[[str], None] = lambda _version: None
) -> Member:
    """End a membership, from the next request on. Raises what `set_role` does."""

    def change() -> Member:
        read = Members.of(documents, call.tenant_id).get(member_id)
        check(read.version)
        _commit(documents, read, Members.of(documents, call.tenant_id).removal(read), after="", call=call)
        return read.value

    return again_while_others_write(change)


def _commit(documents: Documents, read: Stored[Member], write: Write, *, after: str, call: Call) -> None:
    """Write the change of a member, with its record, and with proof that an admin is left."""
    event = "member.role_changed" if after else "member.removed"
    record = call.record(
        f"members/{read.value.id}", event, before=read.value.role.value, after=after, reason=read.value.identity
    )
    name = commit_name("member", read.value.id, read.version)
    audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id=name, recorded_at=call.recorded_at)
    documents.commit([write, *_admin_stays(documents, read.value, call=call), audit])


def _admin_stays(documents: Documents, leaving: Member, *, call: Call) -> list[Write]:
    """Of two admins who take the role from each other at once one has to fail: each holds on to the other as he is."""
    if leaving.role is not Role.ADMIN:
        return []
    members = Members.of(documents, call.tenant_id)
    others = [each for each in members.all() if each.value.role is Role.ADMIN and each.value.id != leaving.id]
    if not others:
        raise LastAdmin(leaving)
    return [members.saving(others[0], Role.ADMIN)]
