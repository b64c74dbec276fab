"""How values are written into documents and read back: exact decimals and instants as text, enums by value.

Instants inside a document are ISO text. A field that queries compare (`next_billing_at`) is written as an instant by
its repository. Every document carries `schema_version`; fields that an older version lacks take their defaults.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, TypeVar, get_args

import orjson
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union, configure_union_passthrough

from billing.domain.basis import Basis
from billing.domain.catalog import UsagePrice
from billing.domain.errors import BillingError
from billing.domain.explanation import Explanation, Step, UsageStep
from billing.domain.stamp import stamp
from billing.domain.subscription import Phase, Prepaid
from billing.domain.usage import Bucket, LastReading
from billing.ports import Fields

SCHEMA_VERSION = 1

T = TypeVar("T")


class BrokenDocument(BillingError):
    """A stored document is not what its collection holds: somebody wrote it behind the program's back."""

    code: ClassVar[str] = "broken_document"

    def __init__(self, kind: type, error: Exception) -> None:
        self.kind = kind
        reasons = transform_error(error) if isinstance(error, BaseValidationError) else [str(error)]
        super().__init__(f"a stored {kind.__name__.lower()} can't be read: {'; '.join(reasons)[:500]}")


class NewerDocument(BrokenDocument):
    """A stored document was written by a later version of this product: it is left as it is."""

    code: ClassVar[str] = "newer_document"

    def __init__(self, kind: type, version: object) -> None:
        told = f"its schema_version is {version}, this version knows {SCHEMA_VERSION}: deploy the one that wrote it"
        super().__init__(kind, ValueError(told))


def encode(value: object) -> Fields:
    """The fields of a dataclass, with the schema version that wrote them."""
    fields: Fields = converter().unstructure(value)
    fields["schema_version"] = SCHEMA_VERSION
    return fields


def decode(fields: Fields, kind: type[T]) -> T:
    """Build a value of `kind` from a document's fields; fields that it does not know are left alone.

    Raises BrokenDocument where the fields can't be such a value, NewerDocument where a later version wrote them.
    """
    if isinstance(version := fields.get("schema_version"), int) and version > SCHEMA_VERSION:
        raise NewerDocument(kind, version)
    try:
        return converter().structure(fields, kind)
    except (
        BaseValidationError,
        BillingError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        ArithmeticError,
    ) as error:
        raise BrokenDocument(kind, error) from error


@lru_cache(maxsize=1)
def converter() -> Converter:
    """The one converter, built when it is first used."""
    built = Converter()
    built.register_unstructure_hook(Decimal, str)
    built.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    built.register_unstructure_hook(datetime, instant_text)
    built.register_structure_hook(datetime, lambda value, _: instant(value))
    built.register_unstructure_hook(date, date.isoformat)
    built.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    built.register_unstructure_hook(time, lambda value: f"{value:%H:%M}")
    built.register_structure_hook(time, lambda value, _: time.fromisoformat(value))
    configure_union_passthrough(str | int | bool | None, built)
    for union in (UsageStep, Step, UsagePrice):
        configure_tagged_union(union, built, tag_name="kind", tag_generator=_tag)
    paid_ahead = make_dict_unstructure_fn(Prepaid, built, void=override(omit_if_default=True))  # most are not void
    built.register_unstructure_hook(Prepaid, paid_ahead)
    on_a_plan = make_dict_unstructure_fn(Phase, built, bill_made=override(omit_if_default=True))  # as above
    built.register_unstructure_hook(Phase, on_a_plan)
    for evidence in (Explanation, Basis):
        _keep_as_text(evidence, built)
    return built


def _keep_as_text(kind: type[T], built: Converter) -> None:
    """One JSON text for what is evidence: it is replayed and never queried, and half of an invoice."""
    to_fields = make_dict_unstructure_fn(kind, built, _cattrs_omit_if_default=True)
    from_fields = make_dict_structure_fn(kind, built)
    built.register_unstructure_hook(kind, lambda value: orjson.dumps(to_fields(value)).decode())
    built.register_structure_hook(kind, lambda text, _: from_fields(orjson.loads(text), kind))


def instant_text(value: datetime) -> str:
    """An instant as text that sorts by time: 2026-02-01T00:00:00+00:00."""
    return _utc_text(value) if value.tzinfo is UTC else value.isoformat()


@lru_cache(maxsize=4096)
def _utc_text(value: datetime) -> str:
    """The invoices of a run say the same few instants thousands of times. Of UTC alone: equal instants read alike."""
    return value.isoformat()


def instant(value: Any) -> datetime:  # noqa: ANN401 - what a document holds: an instant or its text
    """An aware UTC instant from either form; wall time (a schedule's anchor) has no offset and stays without one."""
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read if read.tzinfo in (UTC, None) else read.astimezone(UTC)


def encode_buckets(buckets: Mapping[datetime, Bucket]) -> Fields:
    """Buckets by the compact text of their start; a reading is a map, a set of values a sorted list."""
    return {stamp(start): _bucket_field(bucket) for start, bucket in buckets.items()}


def decode_buckets(fields: Any) -> dict[datetime, Bucket]:  # noqa: ANN401 - a document's map
    """The buckets that `encode_buckets` wrote."""
    return {
        _bucket_at(start): Decimal(value) if type(value) is str else _bucket(value) for start, value in fields.items()
    }


@lru_cache(maxsize=4096)
def _bucket_at(start: str) -> datetime:
    """The same days stand in every roll-up of a run."""
    return datetime.fromisoformat(start)


def _bucket_field(bucket: Bucket) -> Any:  # noqa: ANN401
    match bucket:
        case Decimal():
            return str(bucket)
        case LastReading():
            return converter().unstructure(bucket)
        case _:
            return sorted(bucket)


def _bucket(value: Any) -> Bucket:  # noqa: ANN401
    return frozenset(value) if isinstance(value, list) else converter().structure(value, LastReading)


def _tag(kind: type) -> str:
    """TierStep is written as "tier", GraduatedPrice as "graduated": the class may be renamed, the word stays."""
    return _TAGS[kind.__name__]


_TAGS = {
    "TierStep": "tier",
    "PackageStep": "package",
    "FlatStep": "flat",
    "ProrationStep": "proration",
    "CreditStep": "credit",
    "LateUsageStep": "late_usage",
    "DiscountStep": "discount",
    "CommitmentStep": "commitment",
    "CreditedStep": "credited",
    "PerUnitPrice": "per_unit",
    "GraduatedPrice": "graduated",
    "VolumePrice": "volume",
    "StairstepPrice": "stairstep",
    "PackagePrice": "package",
}
assert set(_TAGS) == {kind.__name__ for union in (Step, UsagePrice) for kind in get_args(union)}  # noqa: S101
