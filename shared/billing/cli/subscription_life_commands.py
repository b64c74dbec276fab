"""`billing subscriptions create`, `change-items`, `change-plan`, `cancel`, `pause`, `resume`: what each takes."""

from typing import Annotated, TypeAlias

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId, Yes
from billing.cli.place import Place
from billing.domain.kept_anchor import Anchor
from billing.domain.subscription import Unused

life_app = typer.Typer(rich_markup_mode=None)

SubscriptionId: TypeAlias = Annotated[str, typer.Argument(metavar="SUBSCRIPTION")]
On: TypeAlias = Annotated[
    str, typer.Option(metavar="WHEN", help="now, period-end, a date (its start) or an instant with its offset.")
]
OnOrDefault: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHEN", help="now, a date (its start) or an instant. Default: the period's end.")
]
Previewed: TypeAlias = Annotated[
    bool, typer.Option("--preview", help="Show the next bills without and with it; change nothing.")
]


@life_app.command(
    "create",
    epilog="\b\nExamples:\n  billing subscriptions create sub-new --customer acct-1047 --plan api@1 --dir demo\n"
    "  billing subscriptions create sub-new --customer acct-1047 --plan api@1 --start 2026-12-01 --add support=1 "
    "--preview --dir demo",
)
def create(  # noqa: PLR0913 - each is an option of the command
    *,
    subscription: Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="An id of your own for it.")],
    customer: Annotated[str, typer.Option(metavar="ID", help="Whose.")],
    plan: Annotated[str, typer.Option(metavar="PLAN@VERSION", help="A published plan version.")],
    directory: KeptIn,
    start: Annotated[str | None, typer.Option(metavar="DATE|INSTANT", help="Default: now.")] = None,
    add: Annotated[list[str] | None, typer.Option(metavar="ADDON=N", help="So many of an add-on.")] = None,
    coupon: Annotated[list[str] | None, typer.Option(metavar="ID", help="A coupon, in the order they apply.")] = None,
    time_zone: Annotated[str | None, typer.Option(metavar="ZONE", help="Its IANA name. Default: the tenant's.")] = None,
    backdated: Annotated[bool, typer.Option("--backdated", help="Bill periods that are over, too.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Show its first bills; change nothing.")] = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Open a subscription for a customer; the same again changes nothing."""
    with plain_errors():
        from billing.cli.subscription_creation import GivenSubscription, run_create

        given = GivenSubscription(
            id=subscription,
            customer_id=customer,
            plan=plan,
            start=start,
            add=tuple(add or ()),
            coupons=tuple(coupon or ()),
            backdated=backdated,
            zone=time_zone,
        )
        run_create(given, preview=preview, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@life_app.command(
    "change-items",
    epilog="\b\nExample:\n  billing subscriptions change-items sub-1047 --set support=3 --on 2026-12-10 --dir demo",
)
def change_items(
    *,
    subscription: SubscriptionId,
    quantities: Annotated[list[str], typer.Option("--set", metavar="ADDON=N", help="So many from then on; 0 ends it.")],
    directory: KeptIn,
    on: On = "now",
    preview: Previewed = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Have so many of an add-on from a day on: add it, change it, end it."""
    with plain_errors():
        from billing.cli.subscription_life import run_change_items

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_change_items(subscription, tuple(quantities), on=on, preview=preview, place=place)


@life_app.command(
    "change-plan",
    epilog="\b\nExamples:\n  billing subscriptions change-plan sub-1047 pro@2 --on period-end --preview --dir demo\n"
    "  billing subscriptions change-plan sub-1047 yearly@1 --anchor keep --preview --dir demo",
)
def change_plan(
    *,
    subscription: SubscriptionId,
    plan: Annotated[str, typer.Argument(metavar="PLAN@VERSION")],
    directory: KeptIn,
    on: On = "now",
    anchor: Annotated[
        Anchor | None, typer.Option(help="What another interval makes of it. Default: the tenant's `interval_change`.")
    ] = None,
    preview: Previewed = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Go on with another plan version. Another interval starts a new cycle, the same keeps its days.

    restart: a whole period begins with the change. keep: the dates of before stay, and the first period is what is left
    until the next of them, by its share.

    The plan that is in force already takes a change back that is still to come.
    """
    with plain_errors():
        from billing.cli.subscription_life import run_change_plan

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_change_plan(subscription, plan, on=on, anchor=anchor, preview=preview, place=place)


@life_app.command(
    "cancel",
    epilog="\b\nExamples:\n  billing subscriptions cancel sub-1047 --dir demo\n"
    "  billing subscriptions cancel sub-1047 --now --unused refund --preview --dir demo\n"
    "  billing subscriptions cancel sub-1047 --undo --dir demo",
)
def cancel(  # noqa: PLR0913 - each is an option of the command
    *,
    subscription: SubscriptionId,
    directory: KeptIn,
    now: Annotated[bool, typer.Option("--now", help="End it now instead of with the running period.")] = False,
    on: OnOrDefault = None,
    unused: Annotated[
        Unused, typer.Option(help="What was paid ahead beyond the end: off the last bill, back, or kept.")
    ] = Unused.CREDIT,
    undo: Annotated[bool, typer.Option("--undo", help="Take an end back that is still to come.")] = False,
    preview: Previewed = False,
    yes: Yes = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """End a subscription; its last usage is always billed.

    credit: off the last bill, the rest onto the balance. refund: a credit note; what was paid goes back to the payment
    method. offset: a credit note; what was paid goes onto the balance. none: nothing.
    """
    with plain_errors():
        from billing.cli.subscription_life import GivenEnd, run_cancel

        given = GivenEnd(now=now, on=on, unused=unused, undo=undo, yes=yes)
        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        code = run_cancel(subscription, given, preview=preview, place=place)
    raise typer.Exit(code)


@life_app.command(
    "pause",
    epilog="\b\nExample:\n  billing subscriptions pause sub-1047 --on 2026-12-01 --until 2027-02-01 --dir demo",
)
def pause(
    *,
    subscription: SubscriptionId,
    directory: KeptIn,
    on: On = "now",
    until: Annotated[
        str | None, typer.Option(metavar="DATE|INSTANT", help="When it goes on by itself. Default: by `resume`.")
    ] = None,
    preview: Previewed = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Charge neither fees nor usage for a while; what was paid ahead for it is credited, the cycle stays."""
    with plain_errors():
        from billing.cli.subscription_life import run_pause

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_pause(subscription, on=on, until=until, preview=preview, place=place)


@life_app.command("resume", epilog="\b\nExample:\n  billing subscriptions resume sub-1047 --dir demo")
def resume(
    *,
    subscription: SubscriptionId,
    directory: KeptIn,
    on: On = "now",
    preview: Previewed = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Go on charging a paused subscription: the rest of the period by its share. A pause still to come is dropped."""
    with plain_errors():
        from billing.cli.subscription_life import run_resume

        run_resume(
            subscription, on=on, preview=preview, place=Place(tenant_id=tenant, directory=directory, as_json=as_json)
        )
