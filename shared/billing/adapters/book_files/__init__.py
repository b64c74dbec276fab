"""Books as folders of CSV and JSON files: the import format, described in docs/guides/import.md."""

from billing.adapters.book_files.load_book import load_book

__all__ = ["load_book"]
