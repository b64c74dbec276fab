"""A project in which nothing is yet, and one in which everything is as declared."""

from collections.abc import Iterator

import pytest

from tests.infra.cloud import World, a_project


@pytest.fixture
def world() -> Iterator[World]:
    with a_project(alerts_to="ops@acme.example") as project:
        yield project


@pytest.fixture
def applied(world: World) -> World:
    world.apply()
    world.google.changes.clear()
    world.gcloud.state["commands"].clear()
    return world
