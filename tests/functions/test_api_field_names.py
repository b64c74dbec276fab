"""A rule of the books that a body breaks names the field of the body, and not what the rule calls it."""

from pathlib import Path

from tests.functions.api_books import running_api

POLICY = {"dunning_policy": "none"}
ADA = {"id": "ada", "party": {"name": "Ada", "country": "DE"}, "currency": "USD"}


def test_a_rule_that_a_field_breaks_names_that_field(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        wanted = {"id": "s-1", "customer_id": "lumen", "plan": "monthly@1", "start": "2026-03-01T08:00:00Z"}
        assert api.ask("POST", "/api/billing/subscriptions", body=wanted).status == 201
        pause = {"at": "2026-03-20T00:00:00Z", "until": "2026-03-10T00:00:00Z"}
        for method, path, body, field in (
            ("POST", "customers", {**ADA, **POLICY}, "dunning_policy"),
            ("PUT", "customers/lumen/dunning-policy", POLICY, "dunning_policy"),
            ("POST", "subscriptions/s-1/pause", pause, "until"),
            ("POST", "subscriptions/s-1/pause", {**pause, "at": "2020-01-01T00:00:00Z"}, "at"),
        ):
            refused = api.ask(method, f"/api/billing/{path}", body=body)
            assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, [field])
            assert refused.json["detail"].startswith(f"{field}: expected ")
