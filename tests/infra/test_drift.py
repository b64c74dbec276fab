"""What is not as declared is shown and made so, unless nobody can change it."""

from collections.abc import Callable

import pytest

from infra.errors import CannotChange
from tests.infra.cloud import INVOICES, World
from tests.infra.drifts import DRIFTS


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_drifted_is_shown_and_repaired_and_nothing_else_is_touched(applied: World, drift: str) -> None:
    happens, title, fields = DRIFTS[drift]
    happens(applied)

    change, *then = applied.plan().changes
    assert change.title == title
    builds = " index " in title or "not_indexed" in fields
    assert [each.title for each in then] == (["Firestore indexes all built"] if builds else [])
    assert change.is_new == (not fields)
    if fields:
        assert [each.field for each in change.differences] == fields
    assert len(applied.apply()) == sum(len(each.steps) for each in (change, *then))
    assert applied.plan().changes == []


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (lambda state: state["databases"][0].update(locationId="nam5"), "a database never moves"),
        (lambda state: state["buckets"][INVOICES].update(location="US"), "a bucket never moves"),
    ],
)
def test_what_nobody_can_change_is_refused_before_anything_is_changed(
    applied: World, drift: Callable[[dict], object], said: str
) -> None:
    drift(applied.gcloud.state)
    applied.google.jobs.clear()

    with pytest.raises(CannotChange, match=said):
        applied.apply()
    assert applied.google.changes == []
    assert applied.google.jobs == {}
