"""Play the days of a story: the scheduler's two jobs on each, and the customers who leave a new card in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from billing.adapters.stripe_events import read_event
from billing.api.pay_engine import hosted_pages
from billing.api.pay_page import ACTOR as CUSTOMER
from billing.api.webhooks import ACTOR as WEBHOOK
from billing.cli.demo_story import BILLING_AT, CUSTOMERS_AT, DUNNING_AT, LAST_MINUTE, NEW_CARD, Story
from billing.cli.errors import Refused
from billing.cli.local_gateway import LOCAL_STRIPE_KEY, SANDBOX_FILE, LocalStripe, taking_cards
from billing.cli.played_clock import PlayedClock
from billing.domain.invoice import Invoice
from billing.engine import Engine
from billing.ports import Documents
from billing.sandbox.server import running_sandbox
from billing.sandbox.visitor import events_since, leave_card
from billing.store.audit import AuditLog
from billing.store.invoices import Invoices
from billing.store.runs import Runs
from billing.store.tenants import Tenants
from billing.usecases.apply_gateway_event import apply_gateway_event
from billing.usecases.call import Call
from billing.usecases.dunning_run import DunningRequest
from billing.usecases.open_payment import WayBack, open_method_page
from billing.usecases.run_context import RunRequest

SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """A story under way: the engine and the sandbox go by `clock`; `start` is the first day that was not played yet."""

    story: Story
    engine: Engine
    clock: PlayedClock
    start: date
    directory: Path

    @property
    def is_begun(self) -> bool:
        """Whether its first day was played before, the billing included."""
        return self.start > self.story.first


def begin(engine: Engine, story: Story, *, directory: Path) -> Playing:
    """Take the story up after the last day that was played, however far an earlier story went.

    The clock begins after all that a killed demo left of a day. Refused where more is recorded than of that day:
    nothing may be added below it.
    """
    start = _first_unplayed(engine.documents, story)
    log, at = AuditLog.of(engine.documents, story.tenant_id), story.at(start, BILLING_AT)
    while log.goes_on(at):
        if at >= story.at(start, LAST_MINUTE):
            message = (
                f"{directory} was worked on after {start}, so that day can't be played any more; use another --dir"
            )
            raise Refused(message)
        at += timedelta(minutes=1)
    clock = PlayedClock(at)
    engine = replace(engine, clock=clock, crew=None)  # worker processes have a clock of their own
    return Playing(story=story, engine=engine, clock=clock, start=start, directory=directory)


def play(playing: Playing, *, progress: Callable[[date], None]) -> list[str]:
    """Play the days that are left; what could not be done, in words. The first day's billing has been done.

    `progress` is told each day. Raises Unavailable while another process runs the directory's sandbox.
    """
    story, clock, failures = playing.story, playing.clock, list[str]()
    with _able(playing) as able:
        for day in story.days_from(playing.start):
            progress(day)
            if day > story.first:
                clock.move_to(story.at(day, BILLING_AT))
                failures += _bills(able, story, day)
            clock.move_to(story.at(day, DUNNING_AT))
            failures += _chases(able, story, day)
            clock.move_to(story.at(day, CUSTOMERS_AT))
            for customer_id in story.savers(day):
                _saves_card(able, story, customer_id, day=day)
    return failures


def billing_id(day: date) -> str:
    """The run id of a day's billing."""
    return f"demo-{day}-billing"


def _dunning_id(day: date) -> str:
    return f"demo-{day}-dunning"


def _first_unplayed(documents: Documents, story: Story) -> date:
    runs, day = Runs.of(documents, story.tenant_id), story.first
    while runs.was_done(_dunning_id(day)):
        day += timedelta(days=1)
    return day


@contextmanager
def _able(playing: Playing) -> Iterator[Engine]:
    """The engine with the directory's sandbox, which goes by the same clock, where the tenant takes cards."""
    tenant = Tenants(playing.engine.documents).get(playing.story.tenant_id)
    if not tenant.gateway:
        yield playing.engine
        return
    with running_sandbox(clock=playing.clock, file=playing.directory / SANDBOX_FILE) as sandbox:
        stripe = LocalStripe(key=LOCAL_STRIPE_KEY, url=sandbox.url)
        with taking_cards(playing.engine, tenant=tenant, directory=playing.directory, stripe=stripe) as able:
            yield able


def _bills(engine: Engine, story: Story, day: date) -> list[str]:
    now = engine.clock.now()
    request = RunRequest(tenant_id=story.tenant_id, as_of=now, recorded_at=now, run_id=billing_id(day), actor=SCHEDULER)
    report = engine.generate_invoices(request)
    unbilled = [f"{day}: {each.subscription_id}: {each.message}" for each in report.failures]
    return unbilled + [f"{day}: {each.invoice_id}: {each.message}" for each in report.settlement_failures.values()]


def _chases(engine: Engine, story: Story, day: date) -> list[str]:
    request = DunningRequest(
        tenant_id=story.tenant_id, as_of=engine.clock.now(), run_id=_dunning_id(day), actor=SCHEDULER
    )
    return [f"{day}: {each.invoice_id}: {each.message}" for each in engine.run_dunning(request).failures]


def _saves_card(engine: Engine, story: Story, customer_id: str, *, day: date) -> None:
    """Follow the link of the mail to the hosted page, leave a card, and take the events that come of it.

    What the customer owes is charged by that at once. Nothing happens where nobody chases the customer any more.
    """
    chased = next((each for each in _unpaid(engine, story, customer_id) if each.dunning is not None), None)
    gateway = engine.gateway(Tenants(engine.documents).get(story.tenant_id))
    if chased is None or gateway is None or engine.stripe_base_url is None:
        return
    now = engine.clock.now()
    visit = Call(tenant_id=story.tenant_id, actor=CUSTOMER, recorded_at=now)
    back = WayBack(success_url=f"{chased.payment_url}/card/saved", cancel_url=chased.payment_url)
    page = open_method_page(engine.documents, gateway, chased.id, back=back, visit=f"demo-{day}", call=visit)
    leave_card(page.url, number=NEW_CARD, email=chased.buyer.email)
    for event in events_since(engine.stripe_base_url, int(now.timestamp()), key=LOCAL_STRIPE_KEY):
        call = Call(tenant_id=story.tenant_id, actor=WEBHOOK, recorded_at=engine.clock.now())
        pages = hosted_pages(engine.documents, gateway, call=call)
        apply_gateway_event(engine.documents, pages, read_event(event), call=call)


def _unpaid(engine: Engine, story: Story, customer_id: str) -> list[Invoice]:
    return Invoices.of(engine.documents, story.tenant_id).unpaid_of_customer(customer_id)
