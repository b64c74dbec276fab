"""What takes the cards of a directory's books: Stripe by a key that is given, or the sandbox kept in the directory."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.kept_places import SecretVariables
from billing.adapters.system_clock import SystemClock
from billing.cli.errors import Refused
from billing.config import PAYMENT_LINK_KEY, STRIPE_KEY, local_event_secrets
from billing.domain.tenant import Tenant
from billing.domain.web_address import LOOPBACK
from billing.engine import Engine
from billing.wiring import local_key

LOCAL_STRIPE_KEY = "sk_test_local"
"""The sandbox's account of a directory."""

SANDBOX_FILE = "sandbox.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStripe:
    """What was typed: a key, and the address of a stand-in that runs already."""

    key: str | None
    url: str | None

    def __post_init__(self) -> None:
        """Refuse a stand-in elsewhere: it would get the key."""
        if self.url is not None and urlsplit(self.url).hostname not in LOOPBACK:
            message = f"--stripe-url is for a stand-in on this machine, not for {self.url}"
            raise Refused(message)


@contextmanager
def taking_cards(engine: Engine, *, tenant: Tenant, directory: Path, stripe: LocalStripe) -> Iterator[Engine]:
    """The engine with a gateway for the tenant's cards, while the block runs.

    Without a key the directory's sandbox is started, where it has one; it is Unavailable while another process runs
    it. Where there is neither, asking for the gateway says which key is missing.
    """
    with ExitStack() as running:
        key, url, file = stripe.key, stripe.url, directory / SANDBOX_FILE
        if key is None and url is None and file.is_file():
            from billing.sandbox.server import running_sandbox

            url = running.enter_context(running_sandbox(clock=SystemClock(), file=file)).url
        if key is None and url is not None:
            key = LOCAL_STRIPE_KEY
        name = f"{STRIPE_KEY}_{tenant.gateway_account}" if tenant.gateway_account else STRIPE_KEY
        secrets = {**local_event_secrets(), PAYMENT_LINK_KEY: local_key(directory), name: key or ""}
        crew = engine.crew
        if crew is not None:  # its processes charge as well
            parts = replace(crew.parts, secrets=SecretVariables(secrets), stripe_base_url=url)
            crew = replace(crew, parts=parts)
        yield replace(engine, secrets=EnvironmentSecrets(secrets), stripe_base_url=url, crew=crew)
