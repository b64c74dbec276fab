"""Whether the functions would start with what they are told, by the very parser that they read it with."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from billing.adapters.kept_places import Bucket, FirestoreDatabase
from billing.adapters.secret_reference import is_reference
from billing.api.caller import INTERNAL_KEY
from billing.config import Misconfigured, Settings, is_secret_name
from billing.ports.tasks import FunctionName
from infra.declaration import MAIL_SERVER, Declaration, is_mail_server
from infra.functions import environment

Flaw: TypeAlias = tuple[tuple[str, ...], str]
"""Where it is, and what is wrong; never a value, which may have a password in it."""

_PLAIN_SECRET = "expected sm://PROJECT/SECRET, or nothing: the secret of this name is found in Secret Manager"  # noqa: S105 - a sentence


def start_flaws(declaration: Declaration) -> Iterator[Flaw]:
    """What is wrong with the variables of each function, and the secrets that they need and that are not declared."""
    for name in declaration.functions:
        at = ("functions", name, "environment")
        told = environment(declaration, name)
        yield from (((*at, variable), _PLAIN_SECRET) for variable in _plain_secrets(told))
        try:
            settings = Settings.from_environment(told)
        except Misconfigured as error:
            yield from (((*at, variable), remedy) for variable, remedy in error.flaws)
        else:
            yield from (((*at, variable), expected) for variable, expected in _on_this_machine(settings))
            yield from _not_declared(settings, declaration)
            yield from _not_readable(settings, declaration, name)


def _plain_secrets(told: Mapping[str, str]) -> list[str]:
    return [name for name, value in told.items() if value and is_secret_name(name) and not is_reference(value)]


def _on_this_machine(settings: Settings) -> Iterator[tuple[str, str]]:
    """A function's disk is gone with its instance, and with it what was to be kept or sent; nothing runs beside it."""
    if not isinstance(settings.store, FirestoreDatabase):
        yield "BILLING_STORE", "expected firestore"
    if not isinstance(settings.objects, Bucket):
        yield "BILLING_OBJECTS", "expected gs://bucket"
    if settings.mail is not None and not is_mail_server(settings.mail):
        yield "BILLING_MAIL", f"expected {MAIL_SERVER}"
    if settings.stripe_base_url is not None:
        yield "STRIPE_BASE_URL", "expected nothing: Stripe itself, not a stand-in"


def _not_declared(settings: Settings, declaration: Declaration) -> Iterator[Flaw]:
    for name, why in settings.needed_secrets().items():
        if name not in declaration.secrets:
            yield ("secrets",), f"expected {name}: {why}"


def _not_readable(settings: Settings, declaration: Declaration, function: FunctionName) -> Iterator[Flaw]:
    """What a function reads at its start or with every call, and what its variables refer to, its account may read."""
    account = declaration.functions[function].runs_as
    needed = settings.needed_secrets() | {INTERNAL_KEY: "each call's credential is compared with it"}
    for name, why in {**dict.fromkeys(settings.secrets.variables, "a variable refers to it"), **needed}.items():
        if not declaration.service_accounts[account].reads(name):
            yield ("service_accounts", account, "reads_secrets"), f"expected {name} among them: {function}: {why}"
