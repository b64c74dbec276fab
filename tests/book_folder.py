r"""A small sound book in a folder, in which a test changes one thing.

    folder = book_folder(tmp_path, usage="customer_id,date,metric,quantity\nc-1,2026-02-01,calls,NaN\n")

Files are named without their ending; a value of None leaves the file out, bytes are written as they are.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from billing.adapters.book_files import load_book
from billing.domain.book import BookErrors

TENANT: Mapping[str, Any] = {
    "tenant_id": "acme",
    "legal_name": "Acme Inc.",
    "country": "US",
    "currency": "USD",
    "time_zone": "UTC",
    "locale": "en_US",
}
CALLS: Mapping[str, Any] = {"metric": "calls", "name": "Calls", "model": "per_unit", "unit_price": "0.01"}
PLAN: Mapping[str, Any] = {
    "plan_id": "basic",
    "name": "Basic",
    "currency": "USD",
    "cycle": {"every": 1, "unit": "month", "anchor_day": 1, "billed": "in_arrears"},
    "usage": [CALLS],
    "addons": [{"addon_id": "support", "name": "Support", "price": "10.00", "prorate": "day"}],
}
TABLES = {
    "customers": "customer_id,name,country,currency\nc-1,Ada Ltd,GB,USD\nc-2,Bo Ltd,GB,USD\n",
    "subscriptions": (
        "subscription_id,customer_id,plan_id,started_on,ended_on\n"
        "s-1,c-1,basic,2026-01-10,\n"
        "s-2,c-2,basic,2026-01-10,2026-02-20\n"
    ),
    "addons": "subscription_id,addon_id,quantity,started_on,ended_on\ns-1,support,1,2026-01-10,\n",
    "usage": "customer_id,date,metric,quantity\nc-1,2026-02-01,calls,500\nc-2,2026-02-20,calls,20.5\n",
    "tax_rates": "country,state,name,rate_percent\nGB,,VAT,20\n",
}


def book_folder(folder: Path, **changes: Any) -> Path:  # noqa: ANN401 - text, JSON, bytes or None
    """Write the book; `tenant` and `plan` take JSON values, tables take text."""
    contents: dict[str, Any] = {"tenant": TENANT, "plan": PLAN, **TABLES, **changes}
    for name, content in contents.items():
        if content is None:
            continue
        path = folder / f"{name}.{'csv' if name in TABLES else 'json'}"
        text = content if isinstance(content, str | bytes) else json.dumps(content, indent=1)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def changed(json_value: Mapping[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A JSON object with some keys set; one set to ... is taken out."""
    copy = deepcopy(dict(json_value))
    for name, value in changes.items():
        if value is ...:
            copy.pop(name)
        else:
            copy[name] = value
    return copy


def errors_of(folder: Path) -> list[str]:
    """What is wrong in a book, each error as it is shown; nothing for a sound book."""
    try:
        load_book(folder)
    except BookErrors as errors:
        return [str(each) for each in errors.errors]
    return []
