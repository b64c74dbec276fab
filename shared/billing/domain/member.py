"""Members of a tenant: who may look at its books, work on them, or decide who else may."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar

from billing.domain.errors import Conflict, InvalidInput

_EMAIL = re.compile(r"[!-?A-~]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")
_SUBJECT = re.compile(r"(firebase|google):[!-~]{1,128}")
_LONGEST_EMAIL = 254


class Role(StrEnum):
    """What a member may do; each may do what the one before it may."""

    VIEWER = "viewer"
    STAFF = "staff"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role is enough where `needed` is asked for."""
        return _RANK[self] >= _RANK[needed]


_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person with a role in one tenant.

    `identity` is a verified e-mail address, or `firebase:UID` or `google:SUBJECT`, which survives a change of address.
    """

    identity: str
    role: Role
    added_by: str
    added_at: datetime

    def __post_init__(self) -> None:
        """Raise InvalidInput for an identity that no token can prove, or in another form than its one."""
        if checked_identity(self.identity) != self.identity:
            raise InvalidInput("identity", expected="small letters, no blanks around it", given=self.identity)

    @property
    def id(self) -> str:
        """The member's id, which follows from the identity."""
        return member_id(self.identity)


class LastAdmin(Conflict):
    """The change would leave a tenant without anybody who decides on its members."""

    code: ClassVar[str] = "last_admin"
    retryable: ClassVar[bool] = False

    def __init__(self, member: Member) -> None:
        self.member = member
        super().__init__(f"member {member.id} is the last admin; make somebody else one first")


class MemberExists(Conflict):
    """Somebody with this identity is a member already."""

    code: ClassVar[str] = "member_exists"
    retryable: ClassVar[bool] = False

    def __init__(self, member: Member) -> None:
        self.member = member
        super().__init__(f"{member.identity} is a member already, {member.id}; change the role instead")


def member_id(identity: str) -> str:
    """The id of the member with an identity in the form of `checked_identity`: opaque, so that logs name no person."""
    return f"mem_{sha256(identity.encode()).hexdigest()[:24]}"


def checked_identity(identity: str, *, field: str = "identity") -> str:
    """An identity in its one form, an address in small letters; InvalidInput for any other text.

    Plain ASCII alone, for some letters of other scripts look like these, or become these in small.
    """
    given = identity.strip()
    if given.isascii():
        address = given.lower()
        if len(address) <= _LONGEST_EMAIL and _EMAIL.fullmatch(address):
            return address
        if _SUBJECT.fullmatch(given):
            return given
    raise InvalidInput(field, expected="an e-mail address in ASCII, firebase:UID or google:SUBJECT", given=identity)
