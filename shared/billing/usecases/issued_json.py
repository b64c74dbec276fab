"""An issued document as the JSON that is filed beside its PDF."""

from urllib.parse import quote

import orjson

from billing.domain.credit import CreditNote
from billing.domain.invoice import Invoice
from billing.store.codec import converter, encode


def issued_json(document: Invoice | CreditNote) -> bytes:
    """What it says: amounts in minor units, exact decimals as text, keys sorted; nothing of what was settled since."""
    fields: dict[str, object] = {**encode(document)}
    for moving in ("pending", "attachments", "page_payment_id", "page_payment_failed"):
        fields.pop(moving, None)
    fields["lines"] = [
        {**line, "explanation": orjson.Fragment(line["explanation"])}
        for line in converter().unstructure(document.lines)
    ]
    if document.basis is not None:
        fields["basis"] = orjson.Fragment(converter().unstructure(document.basis))
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def filed_under(folder: str, tenant_id: str, document: Invoice | CreditNote) -> str:
    """The key of its files without a suffix; a number's slash must not open a folder."""
    return f"{folder}/{tenant_id}/{document.issued_on.year}/{quote(document.number, safe='')}"
