"""Opens what the settings name: stores, secrets, gateways. Imports only what is used."""

from functools import lru_cache, partial
from typing import assert_never

from billing.adapters.kept_places import (
    Bucket,
    FirestoreDatabase,
    Folder,
    ObjectPlace,
    SecretProject,
    SecretSource,
    SecretVariables,
    SqliteFile,
    Store,
)
from billing.adapters.mail_place import SMTP_PASSWORD, MailPlace, MailServer, open_mailer
from billing.adapters.secret_reference import is_reference
from billing.adapters.trace_place import TracePlace
from billing.config import EVENT_SECRET, Misconfigured, Settings
from billing.domain.tenant import Tenant
from billing.ports import Clock, Documents, EventSink, Gateway, Mailer, Objects, Secrets, SecretUnreadable
from billing.ports.trace import Spans
from billing.store.indexes import INDEXES


def open_documents(store: Store) -> Documents:
    """The document store: one SQLite file, or Firestore."""
    match store:
        case SqliteFile(path):
            from billing.adapters.sqlite import SqliteDocuments

            return SqliteDocuments(path, indexes=INDEXES)
        case FirestoreDatabase(project, database):
            from billing.adapters.firestore import FirestoreDocuments

            return FirestoreDocuments(project, database=database)
        case _:
            assert_never(store)


def open_objects(place: ObjectPlace) -> Objects:
    """The object store: a folder, or a Cloud Storage bucket."""
    from billing.adapters.objects import ObstoreObjects

    match place:
        case Folder(path):
            return ObstoreObjects.folder(path)
        case Bucket(name, endpoint):
            return ObstoreObjects.bucket(name, endpoint=endpoint)
        case _:
            assert_never(place)


def open_spans(place: TracePlace | None, *, service: str, revision: str) -> Spans | None:
    """Where the spans of a function go, or None where nobody keeps them."""
    if place is None:
        return None
    from billing.adapters.otlp_spans import OtlpSpans

    return OtlpSpans(place, service=service, revision=revision)


def open_secrets(source: SecretSource, *, clock: Clock) -> Secrets:
    """Secrets out of the environment, of what that refers to, or of Secret Manager, which is asked at first need."""
    from billing.adapters.environment_secrets import EnvironmentSecrets
    from billing.adapters.secret_manager import SecretManagerSecrets

    managed = SecretManagerSecrets(source.project, clock=clock)
    variables = partial(EnvironmentSecrets, source.variables, project=source.project, resolve=managed.resolve)
    match source:
        case SecretVariables():
            return variables()
        case SecretProject():
            return variables(otherwise=managed.get)
        case _:
            assert_never(source)


def check_secrets(settings: Settings, secrets: Secrets) -> None:
    """Every secret that is referred to or that a configured feature needs can be read, or Misconfigured names them all.

    Those in the environment were checked with the settings; this asks Secret Manager, and no more than a run would.
    """
    needed = settings.needed_secrets()
    referred = {
        name.removesuffix("_PREVIOUS") for name, text in settings.secrets.variables.items() if is_reference(text)
    }
    flaws = []
    for name in sorted(needed.keys() | referred):
        try:
            if not secrets.get(name):
                flaws.append((name, f"has no version; {needed.get(name, 'add one, or take the reference out')}"))
        except SecretUnreadable as refused:
            flaws.append((name, str(refused)))
    if flaws:
        raise Misconfigured(flaws)


@lru_cache(maxsize=64)  # one connection pool an account
def stripe_gateway(key: str, *, base_url: str | None, looks_first: bool = False) -> Gateway:
    """Stripe by the key of one account; `looks_first` where the documents may not know of every charge."""
    from billing.adapters.stripe_gateway import StripeGateway

    return StripeGateway(key, base_url=base_url, looks_first=looks_first)


def mailer_at(place: MailPlace | None, *, secrets: Secrets) -> Mailer | None:
    """What sends mails, or None where there is no place for them."""
    if place is None:
        return None
    passwords = secrets.get(SMTP_PASSWORD) if isinstance(place, MailServer) and place.user else []
    return open_mailer(place, password=passwords[0] if passwords else "")


def event_posts(tenant: Tenant, *, secrets: Secrets, clock: Clock, loopback: bool) -> EventSink:
    """What posts a tenant's events, signed by the tenant's own secret or the house's."""
    from billing.adapters.event_posts import EventPosts

    name = f"{EVENT_SECRET}_{tenant.event_secret_name}" if tenant.event_secret_name else EVENT_SECRET
    return EventPosts(secret_name=name, secrets=secrets.get, now=clock.now, loopback=loopback)
