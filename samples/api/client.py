"""A client of the billing API with nothing but Python: what is owed, page by page, and a payment that is booked once.

BILLING_API=https://... BILLING_KEY=bk_... python client.py
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

OPEN = ("issued", "overdue")


class Refused(Exception):
    """The API said no; `problem` is its reason (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem
        super().__init__(f"{problem['status']} {problem['code']}: {problem['detail']}")


class Billing:
    """The API at an address, with a tenant's key."""

    def __init__(self, base: str, *, key: str) -> None:
        self._base = f"{base.rstrip('/')}/api/billing"
        self._key = key

    def call(self, method: str, path: str, *, body: object = None, once: str = "", **query: str | Sequence[str]) -> Any:
        """One request; `once` is its Idempotency-Key, so that sending it again does nothing more."""
        url = f"{self._base}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if once:
            headers["Idempotency-Key"] = once
        content = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(url, data=content, headers=headers, method=method), timeout=30) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise Refused(json.load(error)) from None

    def all_of(self, path: str, **query: str | Sequence[str]) -> Iterator[dict[str, Any]]:
        """Every entry of a list, whatever its pages."""
        page = self.call("GET", path, **query)
        yield from page["data"]
        while page["next_cursor"] is not None:
            page = self.call("GET", path, **query, cursor=page["next_cursor"])
            yield from page["data"]


def main() -> None:
    """Print what each invoice still asks for, and book a transfer of 10.00 on the first."""
    billing = Billing(os.environ["BILLING_API"], key=os.environ["BILLING_KEY"])
    owed = list(billing.all_of("/invoices", status=OPEN))
    for invoice in owed:
        print(f"{invoice['number']}: {invoice['amount_due']} minor units of {invoice['currency']}")
    first = owed[0]
    payment = {
        "amount": 1000,
        "currency": first["currency"],
        "received_at": "2026-03-02",
        "invoices": [first["number"]],
        "reference": first["number"],
    }
    for _ in range(2):  # the second time is the first one's answer
        booked = billing.call("POST", "/payments", body=payment, once=f"transfer-{first['number']}")
    left = billing.call("GET", f"/invoices/{first['id']}")["amount_due"]
    print(f"booked {booked['payment']['id'].partition('_')[0]}, {left} left of {first['number']}")


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(str(refused))
