"""A seller's account as a document and a mail show it, for a transfer."""

from billing.domain.invoice import Invoice
from billing.render.document_view import Field
from billing.render.words import Words


def account_fields(invoice: Invoice, *, words: Words) -> tuple[Field, ...]:
    """Where a transfer goes: holder, IBAN and BIC, the account's number and its bank's, each where there is one."""
    bank = invoice.bank
    if bank is None:
        return ()
    fields = (
        Field(label=words.account_holder, value=bank.account_holder),
        Field(label="IBAN", value=_grouped(bank.iban)),
        Field(label=words.account_number, value=bank.account_number),
        Field(label=_routing_words(invoice.seller.country, words=words), value=bank.routing_number),
        Field(label="BIC", value=bank.bic),
    )
    return tuple(field for field in fields if field.value)


def _routing_words(country: str, *, words: Words) -> str:
    return {"US": words.routing_number, "GB": words.sort_code, "IE": words.sort_code}.get(country, words.bank_code)


def _grouped(iban: str) -> str:
    plain = "".join(iban.split())
    return " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))
