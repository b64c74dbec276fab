"""Which column of a bank's CSV file is what: a JSON file a person writes once for a bank."""

import codecs
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from billing.adapters.bank_statements.unreadable import Place, UnreadableStatement
from billing.domain.currency import exponent
from billing.domain.errors import InvalidInput


def _checked_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError("expected the name of an encoding such as utf-8 or cp1252") from None  # noqa: TRY003
    return name


def _checked_date(text: str) -> str:
    if not re.fullmatch(r"[^%]*(%[dmyY][^%]*){3}", text) or not all(
        part in text.lower() for part in ("%d", "%m", "%y")
    ):
        raise ValueError("expected day, month and year such as %d.%m.%Y")  # noqa: TRY003
    return text


def _checked_currency(text: str) -> str:
    try:
        if text:
            exponent(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from None
    return text


class CsvColumns(BaseModel):
    """The header's name for each part of an entry; remittance may be several columns, a line of the text each.

    Where `money_in` and `money_out` are named they take the place of `amount`: a row has one of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    booked_on: str = "booked_on"
    amount: str = "amount"
    remittance: tuple[str, ...] = ("remittance",)
    valued_on: str = "valued_on"
    currency: str = "currency"
    direction: str = "direction"
    payer: str = "payer"
    payer_iban: str = "payer_iban"
    end_to_end_id: str = "end_to_end_id"
    bank_reference: str = "bank_reference"
    account: str = "account"
    status: str = "status"
    money_in: str = ""
    money_out: str = ""

    @model_validator(mode="after")
    def _has_both_ways(self) -> Self:
        if bool(self.money_in) != bool(self.money_out):
            raise ValueError("expected money_in and money_out together, or an amount alone")  # noqa: TRY003
        return self

    @property
    def amounts(self) -> tuple[str, ...]:
        """The columns that amounts stand in."""
        return (self.money_in, self.money_out) if self.money_in else (self.amount,)


class CsvMapping(BaseModel):
    """How a bank writes its CSV files. Without one, the columns are named as here.

    `skip_lines` are lines before the header; `currency` is every entry's where there is no column; amounts are signed
    unless a `direction` column holds one of `credit` (or something else: a debit). Words of `reversal` in that column
    mean a credit that was taken back; entries are booked where the status column is empty or one of `booked`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: CsvColumns = CsvColumns()
    encoding: Annotated[str, AfterValidator(_checked_encoding)] = ""
    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    skip_lines: Annotated[int, Field(ge=0, le=100)] = 0
    date_format: Annotated[str, AfterValidator(_checked_date)] = "%Y-%m-%d"
    decimal_sign: Literal[".", ","] = "."
    currency: Annotated[str, AfterValidator(_checked_currency)] = ""
    credit: tuple[str, ...] = ("C", "CRDT", "credit")
    debit: tuple[str, ...] = ("D", "DBIT", "debit")
    reversal: tuple[str, ...] = ("RC", "reversal")
    booked: tuple[str, ...] = ("BOOK", "booked")


def load_mapping(path: Path) -> CsvMapping:
    """The mapping of a JSON file; UnreadableStatement naming each key that is wrong."""
    try:
        return CsvMapping.model_validate_json(path.read_bytes())
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors(include_url=False)
        ]
        raise UnreadableStatement(Place(file=path.name), "; ".join(faults)) from None
