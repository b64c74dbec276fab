"""Builds the adapters that the settings name and binds them to the use cases; imports only what is used."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from billing.adapters.counting import CountingDocuments, CountingObjects
from billing.adapters.kept_places import FirestoreDatabase, Folder, SecretVariables, SqliteFile, Store
from billing.adapters.mail_place import MailFolder
from billing.adapters.task_place import open_tasks
from billing.config import PAYMENT_LINK_KEY, Settings, local_event_secrets
from billing.connections import (
    check_secrets,
    mailer_at,
    open_documents,
    open_objects,
    open_secrets,
)
from billing.crew import Crew, Parts
from billing.engine import Engine
from billing.ports import Clock, Secrets
from billing.usecases.run_tasks import Line
from billing.usecases.shard_worker import ShardWorker

LOCAL_STORE = "billing.sqlite3"
LOCAL_OBJECTS = "objects"
LOCAL_MAIL = "mail"


def connect(settings: Settings, *, clock: Clock) -> Engine:
    """Connect to everything that the settings name. Raises Misconfigured with every secret that can't be had."""
    parts = Parts(
        store=settings.store,
        objects=settings.objects,
        secrets=settings.secrets,
        payment_link_base=settings.payment_link_base,
        stripe_base_url=settings.stripe_base_url,
        mail=settings.mail,
        loopback_events=settings.loopback_events,
        look_before_charging=settings.look_before_charging,
    )
    secrets = open_secrets(settings.secrets, clock=clock)
    check_secrets(settings, secrets)
    engine = _engine(parts, clock=clock, workers=settings.workers, secrets=secrets)
    return replace(engine, claim_seconds=settings.claim_seconds).with_tasks(open_tasks(settings.tasks))


def local_engine(directory: Path, *, payment_link_base: str, store: Store | None = None, workers: int = 1) -> Engine:
    """Everything below one directory, which is made if need be: documents (or `store`), objects, the pay links' key."""
    from billing.adapters.system_clock import SystemClock

    parts = Parts(
        store=store or SqliteFile((directory / LOCAL_STORE).absolute()),
        objects=Folder((directory / LOCAL_OBJECTS).absolute()),
        secrets=SecretVariables({**local_event_secrets(), PAYMENT_LINK_KEY: local_key(directory)}),
        payment_link_base=payment_link_base,
        mail=MailFolder((directory / LOCAL_MAIL).absolute()),
        loopback_events=True,
    )
    return _engine(parts, clock=SystemClock(), workers=workers)


def _engine(parts: Parts, *, clock: Clock, workers: int = 1, secrets: Secrets | None = None) -> Engine:
    secrets = secrets or open_secrets(parts.secrets, clock=clock)
    return Engine(
        documents=CountingDocuments(open_documents(parts.store), weighs_sums=False),
        objects=CountingObjects(open_objects(parts.objects)),
        secrets=secrets,
        clock=clock,
        mailer=mailer_at(parts.mail, secrets=secrets),
        payment_link_base=parts.payment_link_base,
        work_ahead=isinstance(parts.store, FirestoreDatabase),
        stripe_base_url=parts.stripe_base_url,
        loopback_events=parts.loopback_events,
        look_before_charging=parts.look_before_charging,
        crew=Crew(size=workers, parts=parts, work=_work) if workers > 1 else None,
    )


def local_key(directory: Path) -> str:
    """The key of the directory's payment links, made with its first use."""
    from billing.adapters.kept_key import kept_key

    return kept_key(directory / "keys" / "payment-link")


def _work(line: Line, knowing: tuple[Parts, Path]) -> None:
    """What a worker process does: connect like the engine that started it, and work; its crew shares one turn."""
    from billing.adapters.file_turn import file_turn
    from billing.adapters.system_clock import SystemClock

    parts, turn = knowing
    engine = _engine(parts, clock=SystemClock())
    ShardWorker(
        line=line,
        documents=engine.documents,
        operations=lambda: engine.operations,
        options=engine.run_options,
        turn=partial(file_turn, turn),
    ).work()
