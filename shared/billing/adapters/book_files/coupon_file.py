"""coupons.json: what subscriptions.csv may name to lower a subscription's invoices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os.path import lexists
from pathlib import Path
from typing import Annotated

from pydantic import Field

from billing.adapters.book_files.cell_types import Currency, Key, Name, Number
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.json_objects import JsonFile, JsonModel, Place, read_json
from billing.domain.coupon import Coupon
from billing.domain.errors import InvalidInput


class _Coupon(JsonModel):
    coupon_id: Key
    name: Name
    percent: Number | None = None
    amount: Number | None = None
    currency: Currency | None = None
    periods: Annotated[int, Field(strict=True)] | None = None


@dataclass(frozen=True, slots=True)
class CouponFile:
    """The coupons of a book by id; `whole` says that none was left out for an error."""

    by_id: Mapping[str, Coupon] = field(default_factory=dict)
    whole: bool = True

    def named(self, coupon_id: str) -> Coupon | None:
        """The coupon of that id, or None where a broken file may hold it; InvalidInput for an unknown one."""
        if coupon_id not in self.by_id and self.whole:
            known = ", ".join(self.by_id) or "none"
            raise InvalidInput("coupons", expected=f"coupons of coupons.json ({known})", given=coupon_id)
        return self.by_id.get(coupon_id)


def read_coupons(path: Path, *, log: ErrorLog) -> CouponFile:
    """The coupons of a book, none where the file is missing; what is wrong is logged."""
    if not lexists(path):
        return CouponFile()
    before, file = log.count, read_json(path, log=log)
    if file is None:
        return CouponFile(whole=False)
    coupons: dict[str, Coupon] = {}
    for place in file.places():
        coupon = _coupon(file, place)
        if coupon is not None and coupon.coupon_id in coupons:
            file.add((*place, "coupon_id"), f"expected each coupon once, got {coupon.coupon_id!r} again")
        elif coupon is not None:
            coupons[coupon.coupon_id] = coupon
    return CouponFile(coupons, log.count == before)


def _coupon(file: JsonFile, place: Place) -> Coupon | None:
    given = file.model(_Coupon, place)
    if given is None:
        return None
    try:
        return Coupon(
            coupon_id=given.coupon_id,
            name=given.name,
            percent=given.percent,
            amount=given.amount,
            currency=given.currency or "",
            periods=given.periods,
        )
    except InvalidInput as error:
        file.add_rule(place, error)
        return None
