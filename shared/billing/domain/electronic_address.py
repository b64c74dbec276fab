"""Where an e-invoice is delivered: an identifier and the scheme that it is read by (EN 16931 BT-34, BT-49)."""

from typing import NamedTuple

from billing.domain.errors import InvalidInput
from billing.domain.invoice import Party

EMAIL_SCHEME = "EM"

# Code list "Electronic Address Scheme" (EAS) of the Connecting Europe Facility, as EN 16931's rule BR-CL-25 names it.
_SCHEMES = frozenset(
    {"0002", "0007", "0009", "0037", "0060", "0088", "0096", "0097", "0106", "0130", "0135", "0142", "0147"}
    | {"0151", "0154", "0158", "0170", "0177", "0183", "0184", "0188", "0190", "0191", "0192", "0193", "0194"}
    | {"0195", "0196", "0198", "0199", "0200", "0201", "0202", "0203", "0204", "0205", "0208", "0209", "0210"}
    | {"0211", "0212", "0213", "0215", "0216", "0217", "0218", "0219", "0220", "0221", "0225", "0230", "0235"}
    | {"0240", "0242", "0244", "0245", "0246", "0248", "9910", "9913", "9914", "9915", "9918", "9919", "9920"}
    | {"9922", "9923", "9924", "9925", "9926", "9927", "9928", "9929", "9930", "9931", "9932", "9933", "9934"}
    | {"9935", "9936", "9937", "9938", "9939", "9940", "9941", "9942", "9943", "9944", "9945", "9946", "9947"}
    | {"9948", "9949", "9950", "9951", "9952", "9953", "9957", "9959", "AN", "AQ", "AS", "AU", "EM"}
)


class ElectronicAddress(NamedTuple):
    """`scheme` is a code of the EAS list (0088 a GLN, 9930 a German VAT id, EM an e-mail address)."""

    scheme: str
    identifier: str


def electronic_address(text: str) -> ElectronicAddress:
    """Read `scheme:identifier`; `InvalidInput` where the scheme is none of the EAS list or nothing follows it."""
    scheme, _, identifier = text.partition(":")
    if scheme not in _SCHEMES or not identifier.strip():
        raise InvalidInput(
            "electronic_address",
            expected="scheme:identifier with a scheme of the EAS list, such as 0088:4012345000009 or EM:ap@example.com",
            given=text,
        )
    return ElectronicAddress(scheme, identifier.strip())


def address_of(party: Party) -> ElectronicAddress | None:
    """Where a party gets its e-invoices: its electronic address, else its e-mail address, else None."""
    if party.electronic_address:
        return electronic_address(party.electronic_address)
    return ElectronicAddress(EMAIL_SCHEME, party.email) if party.email else None
