"""What persons decide: routes that are closed to API keys with scopes, so that a narrow key can't make a wide one."""

from typing import Annotated

from fastapi import Depends, Request

from billing.api.access import Access, door_of, needs
from billing.api.routes.books import Books
from billing.domain.member import Role


def _decided(request: Request, access: Annotated[Access, Depends(needs(Role.ADMIN))]) -> Books:
    door = door_of(request)
    return Books(engine=door.parts().engine, access=access, call=access.call(door.clock.now()))


Deciding = Annotated[Books, Depends(_decided)]
"""The books, opened by an admin."""
