"""`billing subscriptions`: what each of its commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId
from billing.cli.place import Place
from billing.cli.subscription_life_commands import life_app

subscriptions_app = command_group("Open subscriptions, look at them and change them.")
subscriptions_app.add_typer(life_app)

SubscriptionId = Annotated[str, typer.Argument(metavar="SUBSCRIPTION")]
CouponId = Annotated[str, typer.Argument(metavar="COUPON")]


@subscriptions_app.command("show", epilog="\b\nExample:\n  billing subscriptions show sub-1047 --dir demo")
def show_subscription(
    *, subscription: SubscriptionId, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False
) -> None:
    """Show one subscription: plan, add-ons, coupons, charges to come, next bill. With --json, as it is stored."""
    with plain_errors():
        from billing.cli.subscriptions import show

        show(subscription, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@subscriptions_app.command(
    "add-charge",
    epilog="\b\nExample:\n  billing subscriptions add-charge sub-1047 setup-1 --name Set-up --price 250.00 --dir demo",
)
def add_charge(  # noqa: PLR0913 - each is an option of the command
    *,
    subscription: SubscriptionId,
    charge_id: Annotated[str, typer.Argument(metavar="CHARGE", help="An id of your own; no charge to come has it.")],
    name: Annotated[str, typer.Option(metavar="TEXT", help="What the invoice calls it.")],
    price: Annotated[str, typer.Option(metavar="AMOUNT", help="For one, without tax: 250.00.")],
    directory: KeptIn,
    quantity: Annotated[str, typer.Option(metavar="N", help="How many.")] = "1",
    on: Annotated[
        str | None,
        typer.Option(metavar="DATE|INSTANT", help="It goes on the first bill that is not before. Default: the next."),
    ] = None,
    tax_inclusive: Annotated[bool, typer.Option("--tax-inclusive", help="The price contains its tax.")] = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Charge something once, on the subscription's next invoice or on the first after a day."""
    with plain_errors():
        from billing.cli.subscriptions import GivenCharge, run_add_charge

        given = GivenCharge(
            charge_id=charge_id, name=name, price=price, quantity=quantity, on=on, tax_inclusive=tax_inclusive
        )
        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_add_charge(subscription, given, place=place)


@subscriptions_app.command(
    "apply-coupon", epilog="\b\nExample:\n  billing subscriptions apply-coupon sub-1047 welcome --dir demo"
)
def apply_coupon(
    *,
    subscription: SubscriptionId,
    coupon: CouponId,
    directory: KeptIn,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE|INSTANT", help="The first bill it may lower. Default: the next."),
    ] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Lower a subscription's invoices by a coupon of the book."""
    with plain_errors():
        from billing.cli.subscriptions import run_apply_coupon

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_apply_coupon(subscription, coupon, start=start, place=place)


@subscriptions_app.command(
    "remove-coupon", epilog="\b\nExample:\n  billing subscriptions remove-coupon sub-1047 welcome --dir demo"
)
def remove_coupon(
    *,
    subscription: SubscriptionId,
    coupon: CouponId,
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Leave a coupon out of the invoices to come."""
    with plain_errors():
        from billing.cli.subscriptions import run_remove_coupon

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_remove_coupon(subscription, coupon, place=place)
