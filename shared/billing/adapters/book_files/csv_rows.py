"""CSV files as rows of a model with their lines: comma, semicolon or tab; UTF-8 with or without a byte order mark."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from os.path import lexists
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from billing.adapters.book_files.error_log import ErrorLog, broken_model
from billing.adapters.book_files.text_files import read_text


class RowModel(BaseModel):
    """A row: a field for each column, required unless it has a default. An empty cell is the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=RowModel)

_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row(Generic[M]):
    """A sound row and the line that it starts on."""

    line: int
    value: M


@dataclass(slots=True)
class Rows(Generic[M]):
    """The sound rows of a file. `keys` and `count` are of every row, wrong ones too; `whole` says that none was lost.

    So a wrong row is reported once, and not again by each row that names it.
    """

    file: str
    valid: list[Row[M]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    count: int = 0
    whole: bool = True

    def lacks(self, key: str) -> bool:
        """Whether the file has no row of that key, for sure."""
        return self.whole and key not in self.keys


class Table:
    """A CSV file's header and its records; a fault of form is logged, ends them early and makes it not `whole`."""

    def __init__(self, file: str, text: str, *, log: ErrorLog) -> None:
        self.file = file
        self.whole = True
        self._log = log
        delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
        self._reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        self._lines = self._numbered()
        header = [name.strip() for name in next(self._lines, (1, []))[1]]
        self.columns = tuple(_without_blank_end(header, least=0))
        self._widest = len(header)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The line and the cells of each record that has as many of them as the header.

        Empty cells below columns without a name at the header's end, which spreadsheets write, count for nothing.
        """
        width = len(self.columns)
        for line, cells in self._lines:
            named = cells if len(cells) > self._widest else _without_blank_end(cells, least=width)
            if len(named) == width:
                yield line, named
            else:
                self._log.add(self.file, f"expected {width} cells as in the header, got {len(cells)}", line=line)
                self.whole = False

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        line = 1
        try:
            for cells in self._reader:
                if cells:
                    yield line, cells
                line = self._reader.line_num + 1
        except csv.Error as error:
            self._log.add(self.file, f"expected sound CSV: {error} (in the record that starts here)", line=line)
            self.whole = False


def _without_blank_end(cells: Sequence[str], *, least: int) -> list[str]:
    """The cells up to the last that is not blank, and at least so many."""
    width = len(cells)
    while width > least and not cells[width - 1].strip():
        width -= 1
    return [*cells[:width]]


def read_rows(path: Path, model: type[M], *, key: str, log: ErrorLog, required: bool = True) -> Rows[M]:
    """Every row of a file as `model`; what is wrong is logged. A file that is not `required` may be missing."""
    rows: Rows[M] = Rows(path.name)
    needed = [name for name, info in model.model_fields.items() if info.is_required()]
    if not required and not lexists(path):  # a link to nowhere is a file that is missing
        return rows
    table = read_table(path, needed=needed, known=list(model.model_fields), log=log)
    if table is None:
        rows.whole = False
        return rows
    at = table.columns.index(key)
    for line, raw in table.records():
        cells = [cell.strip() for cell in raw]
        rows.keys.add(cells[at])
        rows.count += 1
        value = _row(model, dict(zip(table.columns, cells, strict=True)), file=path.name, line=line, log=log)
        if value is not None:
            rows.valid.append(Row(line, value))
    rows.whole = table.whole
    return rows


def read_table(path: Path, *, needed: Sequence[str], known: Sequence[str], log: ErrorLog) -> Table | None:
    """A CSV file with a sound header, or None where what is wrong with it is logged."""
    before = log.count
    text = read_text(path, log=log)
    table = None if text is None else Table(path.name, text, log=log)
    if table is None or not table.whole:
        return None
    for index, name in enumerate(table.columns):
        if name in table.columns[:index]:
            log.add(path.name, "the column stands twice in the header", line=1, column=name)
        elif name not in known:
            log.add(path.name, f"unknown column; known are {', '.join(known)}", line=1, column=name or "(empty)")
    for name in needed:
        if name not in table.columns:
            log.add(path.name, "the column is missing from the header", line=1, column=name)
    return table if log.count == before else None


def _row(model: type[M], cells: dict[str, str], *, file: str, line: int, log: ErrorLog) -> M | None:
    try:
        return model.model_validate({name: cell for name, cell in cells.items() if cell})
    except ValidationError as error:
        for each in error.errors(include_url=False):
            message = "expected a value, got an empty cell" if each["type"] == "missing" else broken_model(each)
            log.add(file, message, line=line, column=".".join(map(str, each["loc"])))
        return None
