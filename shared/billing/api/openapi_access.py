"""Who may call an operation, for the API's document: how to prove who asks, and the role and scope that it takes."""

from typing import Any, Final

from billing.api.access import Needs
from billing.api.customer_billing.run_access import NeedsMachine
from billing.domain.member import Role

AUTHENTICATION: Final = (
    "Every request says who asks, in one of three ways. An API key of the tenant (`Authorization: Bearer bk_...`, or "
    "`X-API-Key`; `POST /api/billing/api-keys` makes one) names its tenant by itself. The ID token of a person who is "
    "signed in (`Authorization: Bearer eyJ...`) needs `X-Tenant-ID` beside it, as does the internal key "
    "(`x-internal-key`), which is for the product's own parts. Viewers read, staff change what happens every day, and "
    "settings, plans, dunning policies, members and keys are for admins; each operation says the least role, and the "
    "scope that a key with scopes needs."
)


def complete_access(operation: dict[str, Any], needed: Needs) -> None:
    """Say in an operation who may call it: in words, in its security, and as `x-role` and `x-scope`."""
    operation["x-role"] = needed.role.value
    if isinstance(needed, NeedsMachine):
        operation["security"] = [{"InternalKey": []}, {"HTTPBearer": []}]
        words = "For the product's own parts: the internal key, or the token of a service account."
    else:
        role, scope = needed.role.value, needed.scope
        operation["security"] = [{"HTTPBearer": [role]}, {"ApiKey": [scope or role]}, {"InternalKey": []}]
        words = f"Needs the role `{role}`{'' if needed.role is Role.ADMIN else ' or a higher one'}; {_of_keys(needed)}."
        if scope:
            operation["x-scope"] = scope
    operation["description"] = f"{operation['description']}\n\n{words}"


def _of_keys(needed: Needs) -> str:
    if needed.any_scope:
        return "any scope of a key will do"
    return "keys with scopes may not" if needed.scope is None else f"a key with scopes needs `{needed.scope}`"
