"""A job whose function is given the secrets that its account may read, and no others, does all that it has to."""

from dataclasses import replace
from pathlib import Path

import pytest

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.usecases.dunning_run import DunningRequest
from infra.declaration import Declaration
from infra.loading import load
from tests.builders import a_tenant, utc
from tests.event_receiver import receiving
from tests.functions.proxy import Proxy, owes, running_proxy


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return load(Path("infra/billing.yaml"), {"project": "acme-billing"})


def as_function(proxy: Proxy, declaration: Declaration, name: str) -> Proxy:
    """What runs as a function's account: all else is a secret that it was never given."""
    functions = {str(each): function for each, function in declaration.functions.items()}
    account = declaration.service_accounts[functions[name].runs_as]
    read = {secret: value for secret, value in proxy.secrets.items() if account.reads(secret)}
    return replace(proxy, engine=replace(proxy.engine, secrets=EnvironmentSecrets(read)))


def test_each_job_does_its_work_with_the_secrets_of_its_own_account(tmp_path: Path, declaration: Declaration) -> None:
    """The billing run links, charges and tells nobody; the dunning run tells the tenant's own system as well."""
    with receiving() as receiver:
        seller = a_tenant(gateway="stripe", support_email="help@acme.test", event_url=receiver.url)
        with running_proxy(tmp_path, tenant=seller) as proxy:
            billing = as_function(proxy, declaration, "generate_invoices")
            owes(billing, "lumen")
            assert billing.engine.gateway(seller) is not None
            assert billing.call("GET", billing.link()).status == 200
            assert receiver.taken == []
            request = DunningRequest(tenant_id="acme", as_of=utc("2026-03-02"), run_id="dun-1", actor="scheduler")
            dunning = as_function(proxy, declaration, "run_dunning")
            assert dunning.engine.gateway(seller) is not None
            report = dunning.engine.run_dunning(request)
    assert report.undelivered_events == 0
    assert len(receiver.taken) >= 1
