"""Requests made of the API's document, sound and broken ones: no 5xx, and every answer is what the document says.

`make fuzz` tries more of them: API_CASES says how many an operation gets.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from billing.domain.member import Role
from tests.functions.api_books import ApiBooks, running_api

CASES = int(os.environ.get("API_CASES", "6"))
NOT_HELD = ("positive_data_acceptance", "ignored_auth", "missing_required_header", "unsupported_method")
"""What is sound by its form may break a rule (an invoice that is paid can't be void); access is tried elsewhere."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBooks]:
    with running_api(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_answer_is_what_the_document_says(api: ApiBooks) -> None:
    document = _without_credentials(json.loads(api.proxy.get("/api/openapi.json").body))
    known = _known_ids(api)
    load_all_checks()
    excluded = [CHECKS.get_one(name) for name in NOT_HELD]
    statuses = set[int]()
    for each in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(each, Ok), each
        operation = each.ok()

        @seed(20260301)
        @settings(
            max_examples=CASES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_known=st.booleans())
        def conforms(case: Any, is_known: bool) -> None:  # noqa: ANN401 - what the libraries give
            if is_known and case.path_parameters:
                case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
            response = case.call(base_url=api.proxy.base, headers=_key(api))
            statuses.add(response.status_code)
            case.validate_response(response, excluded_checks=excluded)

        conforms()
    assert {200, 201, 404, 422} <= statuses
    assert [line for line in api.proxy.log if line["status"] >= 500] == []


def _key(api: ApiBooks) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.keys['acme', Role.ADMIN]}"}


def _known_ids(api: ApiBooks) -> dict[str, str]:
    invoice = api.proxy.invoice()
    return {
        "customer_id": invoice.customer_id,
        "subscription_id": invoice.subscription_id,
        "plan_version": "monthly@1",
        "invoice_id": invoice.id,
        "id_or_number": invoice.number,
    }


def _without_credentials(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what says who asks: made-up keys and tenants would be refused at the door."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
            operation["parameters"] = [
                each for each in operation.get("parameters", []) if each.get("name") != "X-Tenant-ID"
            ]
    return document
