"""What `billing members` does."""

import typer

from billing.cli.directory import call_on, open_place
from billing.cli.place import Place
from billing.cli.screen import answers, columns, write_json
from billing.domain.member import Member, Role, checked_identity, member_id
from billing.store.members import Members
from billing.usecases.change_members import add_member, remove_member, set_role

_ID = "mem_"


def show_members(place: Place) -> None:
    """List them, admins first."""
    engine, tenant = open_place(place)
    found = [each.value for each in Members.of(engine.documents, tenant.id).all()]
    members = [each for role in reversed(Role) for each in sorted(found, key=_identity) if each.role is role]
    if place.as_json:
        write_json({"members": [_json(each) for each in members]})
        return
    table = columns("bold", "", "", "")
    for each in members:
        table.add_row(each.identity, each.role.value, each.id, f"since {each.added_at:%Y-%m-%d}")
    answers().print(table, markup=False)
    if not members:
        typer.echo(f"{tenant.id} has no members; `billing members add WHO --role admin` makes the first")


def add_one(who: str, *, role: Role, place: Place) -> None:
    """Add a member; InvalidInput, MemberExists."""
    engine, tenant = open_place(place)
    member = add_member(engine.documents, who, role=role, call=call_on(tenant)).value
    _say(member, f"{member.identity} is {role.value} of {tenant.id} now ({member.id})", place=place)


def change_one(who: str, *, role: Role, place: Place) -> None:
    """Change a role; NotFound, LastAdmin."""
    engine, tenant = open_place(place)
    member = set_role(engine.documents, _id_of(who), role, call=call_on(tenant)).value
    _say(member, f"{member.identity} is {role.value} of {tenant.id} now", place=place)


def remove_one(who: str, *, place: Place) -> None:
    """End a membership; NotFound, LastAdmin."""
    engine, tenant = open_place(place)
    member = remove_member(engine.documents, _id_of(who), call=call_on(tenant))
    _say(member, f"{member.identity} is no member of {tenant.id} any more", place=place)


def _id_of(who: str) -> str:
    """The id of whom the text names, by id or by identity; InvalidInput for what is neither."""
    return who if who.startswith(_ID) else member_id(checked_identity(who, field="WHO"))


def _say(member: Member, sentence: str, *, place: Place) -> None:
    if place.as_json:
        write_json(_json(member))
    else:
        typer.echo(sentence)


def _identity(member: Member) -> str:
    return member.identity


def _json(member: Member) -> dict[str, object]:
    return {
        "id": member.id,
        "identity": member.identity,
        "role": member.role.value,
        "added_at": member.added_at.isoformat(),
        "added_by": member.added_by,
    }
