"""Seller and buyer in the terms of EN 16931: which of its identifiers a number is depends on how the sale is taxed."""

from billing.domain.electronic_address import address_of
from billing.domain.invoice import Party
from billing.domain.vat_number import vat_identifier
from billing.render.e_invoice.plain_text import plain
from billing.render.e_invoice.terms import PartyTerms

_KOSOVO = {"XK": "1A"}  # what the code list of EN 16931 calls it
_STREET_LINES = 3


def seller_terms(party: Party, *, outside_vat: bool) -> PartyTerms:
    """The seller. Outside the scope of VAT it may not show a VAT id (BR-O-2): its number is then an identifier only.

    A tax id that is no VAT id is a tax registration (BT-32). One of identifier, registration and VAT id must stand
    there (BR-CO-26).
    """
    vat_id = "" if outside_vat else vat_identifier(party)
    tax_id = plain(party.tax_id)
    identified = bool(vat_id or party.registration.strip())
    return _party_terms(
        party,
        identifier="" if identified else tax_id,
        vat_id=vat_id,
        tax_registration="" if vat_id or outside_vat else tax_id,
    )


def buyer_terms(party: Party, *, outside_vat: bool) -> PartyTerms:
    """The buyer. A tax id that is no VAT id, or may not be shown as one, is the buyer's identifier (BT-46)."""
    vat_id = "" if outside_vat else vat_identifier(party)
    return _party_terms(party, identifier="" if vat_id else plain(party.tax_id), vat_id=vat_id, tax_registration="")


def _party_terms(party: Party, *, identifier: str, vat_id: str, tax_registration: str) -> PartyTerms:
    return PartyTerms(
        name=plain(party.name),
        street=_street(party.street),
        city=plain(party.city),
        postal_code=plain(party.postal_code),
        subdivision=plain(party.state),
        country=_KOSOVO.get(party.country, party.country),
        email=plain(party.email),
        electronic_address=address_of(party),
        identifier=identifier,
        registration=plain(party.registration),
        vat_id=vat_id,
        tax_registration=tax_registration,
    )


def _street(text: str) -> tuple[str, ...]:
    """The address lines, at most three (BT-35, BT-36, BT-162): what is left stands in the last."""
    lines = [line for line in map(plain, text.splitlines()) if line]
    return (
        *lines[: _STREET_LINES - 1],
        *([", ".join(lines[_STREET_LINES - 1 :])] if len(lines) >= _STREET_LINES else []),
    )
