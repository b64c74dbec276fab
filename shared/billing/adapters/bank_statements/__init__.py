"""Bank statements as files: camt.053, MT940 and CSV, described in docs/guides/reconcile.md."""

from billing.adapters.bank_statements.csv_mapping import CsvMapping, load_mapping
from billing.adapters.bank_statements.read_statements import read_statements

__all__ = ["CsvMapping", "load_mapping", "read_statements"]
