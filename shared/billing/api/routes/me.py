"""`GET /api/billing/me`: what the caller is to the tenant."""

from typing import Annotated

from fastapi import Depends

from billing.api.access import Access, needs
from billing.api.caller import CallerKind
from billing.api.routes.models import AnswerModel
from billing.api.routes.noun import noun
from billing.domain.member import Role

router = noun("me")


class MeAnswer(AnswerModel):
    """Who calls, by the name that the audit log will have, and what that may do; no scopes are no bounds."""

    tenant_id: str
    kind: CallerKind
    name: str
    role: Role
    scopes: list[str]


@router.get("")
def get_me(access: Annotated[Access, Depends(needs(Role.VIEWER, any_scope=True))]) -> MeAnswer:
    """Who the caller is, and what the caller may do; open to every valid key, whatever its scopes."""
    return MeAnswer(
        tenant_id=access.tenant_id,
        kind=access.caller.kind,
        name=access.caller.name,
        role=access.role,
        scopes=[*access.key.scopes] if access.key else [],
    )
