"""A void bill that comes out below zero when it is made again is a credit note, as it would be in a run.

A month costs 30.00 and a year 365.00, both ahead. April is billed on the 1st, the year on the 11th; that bill is void,
the year taken back, and the night of 1 May charges what is left of April. So 20.00 of what was paid for it come back.
"""

from typing import Any

import pytest

from billing.domain.credit import CreditNote
from billing.domain.invoice_life import RevisionExists
from billing.usecases.reissue_invoice import CreditedInstead, reissue_invoice
from tests.builders import GERMAN_VAT, a_tenant
from tests.changing_plans import bills, charged, is_sound, void_year
from tests.paying import balance
from tests.reviewing import call
from tests.scenarios.billing_processes import audited
from tests.world import World

BILL = "sub-ada.20260411T000000Z"


def at_fault(**changes: Any) -> World:  # noqa: ANN401 - any field of the world
    world = World(tenant=a_tenant(), **changes)
    assert void_year(world) == f"{BILL}.r0"
    return world


def credited(world: World) -> CreditNote:
    reissued = reissue_invoice(world.documents, f"{BILL}.r0", call=call(world))
    assert isinstance(reissued, CreditedInstead)
    return reissued.credit_note.value


def test_it_is_a_credit_note_with_a_number_of_its_own_onto_the_balance() -> None:
    world = at_fault()
    before = world.subscription("sub-ada")
    note = credited(world)
    assert [(line.description, line.amount) for line in note.lines] == [("Base - credit for unused time", 2000)]
    assert (note.id, note.number, note.total) == (f"{BILL}.r1", "CN-2026-04-0001", 2000)
    assert note.invoice_id == "sub-ada.20260401T000000Z.r0"
    assert (world.credit_notes(), balance(world, "ada")) == ([note], 2000)
    assert world.subscription("sub-ada") == before
    assert ("credit_note.issued", f"credit_notes/{note.id}") in audited(world)
    bills(world, "2026-06-01")
    assert charged(world, "ada") == [[3000], [-2000, 36500], [-2000], [3000, -1000, 3000], [3000]]  # the second is void
    assert balance(world, "ada") == 0
    assert is_sound(world)


def test_done_again_it_names_that_credit_note_and_changes_nothing() -> None:
    world = at_fault()
    credited(world)
    before = world.everything()
    with pytest.raises(RevisionExists, match="was replaced by credit note CN-2026-04-0001: go on with that one"):
        reissue_invoice(world.documents, f"{BILL}.r0", call=call(world))
    assert world.everything() == before


def test_it_carries_the_tax_of_the_time_that_it_gives_back() -> None:
    world = at_fault(taxes=GERMAN_VAT)
    note = credited(world)
    assert (note.subtotal, note.tax, balance(world, "ada")) == (2000, 380, 2380)
    assert is_sound(world)
