"""Requests made up from the API's document, in both stores: no 5xx, and every answer is what the document says.

They come one by one, broken on purpose, and in chains, where what one makes is what the next one is about (the links
of the document). `make fuzz` makes more of them: API_CASES for each operation, API_CHAINS chains.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from billing.adapters.firestore import FirestoreDocuments
from tests.firestore_emulator import firestore, fresh_project
from tests.functions.api_books import running_api
from tests.functions.made_up_requests import MadeUp

__all__ = ["firestore"]

CASES = int(os.environ.get("API_CASES", "2"))
CHAINS = int(os.environ.get("API_CHAINS", "8"))
CHAIN_LENGTH = 12
SEED = int(os.environ.get("API_SEED", "20260301"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("firestore", marks=pytest.mark.emulator)])
def made_up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeUp]:
    with ExitStack() as running:
        documents = None
        if request.param == "firestore":
            assert request.getfixturevalue("firestore")
            documents = running.enter_context(closing(FirestoreDocuments(fresh_project())))
        api = running.enter_context(running_api(tmp_path_factory.mktemp("api"), documents=documents))
        made_up = MadeUp.of(api)
        yield made_up
        sys.stderr.write(f"\n{made_up.statuses.total()} requests, {request.param}: {dict(made_up.statuses)}\n")


def _settings(cases: int, *, steps: int = 1) -> settings:
    return settings(
        max_examples=cases,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def test_every_answer_is_what_the_document_says(made_up: MadeUp) -> None:
    for operation in made_up.operations():

        @seed(SEED)
        @_settings(CASES)
        @given(case=operation.as_strategy())
        def conforms(case: Any) -> None:  # noqa: ANN401 - the library's
            made_up.check(case, made_up.ask(case))

        with suppress(FailureGroup, Flaky):  # kept in `faults`; the other operations are tried all the same
            conforms()
    assert {200, 201, 404, 409, 422} <= made_up.statuses.keys()
    _require_no_failure(made_up)


def test_what_breaks_the_document_is_refused(made_up: MadeUp) -> None:
    broken = 0
    for operation in made_up.operations(is_sound=False):
        if not (operation.body or operation.query or operation.path_parameters):
            continue
        broken += 1

        @seed(SEED)
        @_settings((CASES + 1) // 2)
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def conforms(case: Any) -> None:  # noqa: ANN401 - the library's
            made_up.check(case, made_up.ask(case))

        with suppress(FailureGroup, Flaky):  # kept in `faults`; the other operations are tried all the same
            conforms()
    assert broken > 80
    _require_no_failure(made_up)


def test_what_one_call_makes_the_next_can_use(made_up: MadeUp) -> None:
    schema = made_up.schema()
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])

    machine: Any = schema.as_state_machine()

    class Chain(machine):  # type: ignore[misc]
        asked = 0

        def call(self, case: Any, **_: Any) -> Any:  # noqa: ANN401 - the library's
            Chain.asked += 1
            return made_up.ask(case, later=timedelta(hours=1))

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:  # noqa: ANN401 - the library's
            made_up.check(case, response, recorder=self.recorder)

    for start in count(SEED):
        with suppress(FailureGroup, Flaky):  # the books have changed since, and no chain can be had again
            seed(start)(Chain).run(settings=_settings(CHAINS, steps=CHAIN_LENGTH))
        if made_up.faults or Chain.asked >= CHAINS * CHAIN_LENGTH:
            break
    _require_no_failure(made_up)


def _require_no_failure(made_up: MadeUp) -> None:
    failed = [*made_up.faults, *(str(line) for line in made_up.api.proxy.log if line["status"] >= 500)]
    assert not {401, 403} & made_up.statuses.keys()
    assert not failed, "\n\n".join(failed)
