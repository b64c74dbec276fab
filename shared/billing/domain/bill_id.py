"""What the id of a bill says beside its subscription and period, be it an invoice's or a credit note's."""

import re

_REVISION = re.compile(r"\.r([0-9]+)$")
_LATE_BILL = re.compile(r"-late-([0-9]+)\.r[0-9]+$")


def revision_of(document_id: str) -> int:
    """Which revision of its period's bill a document is."""
    found = _REVISION.search(document_id)
    return int(found[1]) if found else 0


def late_bill_of(document_id: str) -> int:
    """Which bill after its subscription's last one a document is, counted from 1; 0 for any other."""
    found = _LATE_BILL.search(document_id)
    return int(found[1]) if found else 0
