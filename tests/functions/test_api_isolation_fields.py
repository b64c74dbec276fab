"""Every parameter and field that names a thing is given another tenant's; none that is added can be forgotten.

Each request is sound but for that one name (`sound_requests`), so that nothing else refuses it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.functions.api_books import OTHER, ApiBooks, running_api
from tests.functions.api_things import things_of
from tests.functions.operations import Asked, Place, name_of, operations, with_value
from tests.functions.running_door import Answered
from tests.functions.sound_requests import kind_of_field

_WORDS = """
    actor addon_id as_of at body button buyer_reference charged_at city country currency cursor decline description
    dueDate dunning_policy electronic_address email event exemption_reason expires_at fee_id id identity invoiceNumber
    key kind language locale meter method metric month name nextBillingDate note notes paymentMethodId period planName
    plan_id policy postal_code reason received_at reference registration scopes segment since start state street
    subject tax_id time_zone to transactionId until value warnings zone
"""
NAMES_NOTHING = frozenset(_WORDS.split())
"""Fields of text that name no document, or one that the same request makes."""
NOT_NOW = {"dunning_resolve": [409]}
"""A case that still follows its schedule waits for nobody."""
LISTS = ("customers", "subscriptions", "invoices", "payments", "credit-notes", "plans", "members", "api-keys", "audit")


@dataclass(frozen=True, kw_only=True)
class Both:
    """The API with the things of each tenant, and what its document says."""

    api: ApiBooks
    own: dict[str, str]
    theirs: dict[str, str]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with running_api(tmp_path_factory.mktemp("api")) as api:
        own = things_of(api, "acme", named="own")
        theirs = things_of(api, OTHER, named="secret-b", since="2025-10")
        yield Both(api=api, own=own, theirs=theirs)


def test_a_name_of_another_tenants_thing_is_as_good_as_a_made_up_one(both: Both) -> None:
    before = _books(both)
    tried = 0
    for sound, place, kind in _named_things(both):
        theirs = both.theirs[kind]
        assert theirs != both.own[kind], kind
        answered, unknown = (
            with_value(sound, place, theirs).of(both.api),
            with_value(sound, place, f"x{theirs}").of(both.api),
        )
        assert answered.status == unknown.status, (sound, place, answered.body, unknown.body)
        assert _told(answered, theirs) == _told(unknown, f"x{theirs}"), (sound, place)
        tried += 1
    assert tried > 90
    assert _books(both) == before


def test_every_text_of_a_request_is_known_to_name_a_thing_or_nothing(both: Both) -> None:
    """A field that is new fails here until it is said what it names, and then it is tried above."""
    for operation in operations(both.api, both.own):
        for place in operation.texts:
            if kind_of_field(operation.sound.path, name_of(place)) is None:
                assert name_of(place) in NAMES_NOTHING, (operation.sound.operation, place)


def test_the_sound_requests_are_taken(tmp_path: Path) -> None:
    """So that above it is the name alone that is refused."""
    with running_api(tmp_path) as api:
        own = things_of(api, "acme", named="own")
        for operation in operations(api, own):
            answered = operation.sound.of(api)
            is_ours = operation.sound.path.startswith("/api/internal/")  # no API key opens it
            wanted = [403] if is_ours else NOT_NOW.get(operation.sound.operation, range(200, 300))
            assert answered.status in wanted, (operation.sound, answered.body)


def _named_things(both: Both) -> list[tuple[Asked, Place, str]]:
    """Those that name what is made come last: after them an id of the other tenant is one of our own too."""
    found = [
        (operation.sound, place, kind)
        for operation in operations(both.api, both.own)
        for place in operation.texts
        if (kind := kind_of_field(operation.sound.path, name_of(place))) is not None
    ]
    return sorted(found, key=lambda each: name_of(each[1]) == "id")


def _told(answered: Answered, name: str) -> Any:  # noqa: ANN401 - any JSON
    """The answer but for the name itself, and the request's own id."""
    text = answered.body.decode().replace(name, "NAME").replace(quote(name, safe=""), "NAME")
    text = re.sub(r'req-\d+|(?<="saved_at":")[^"]+', "FRESH", text)
    told = json.loads(text) if text and "json" in answered.headers["content-type"] else text
    return {each: told[each] for each in told if each != "request_id"} if isinstance(told, dict) else told


def _books(both: Both) -> list[object]:
    return [json.loads(both.api.ask("GET", f"/api/billing/{place}", tenant=OTHER).body) for place in LISTS]
