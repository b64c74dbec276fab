"""Whether a party's tax id is a VAT identifier as EN 16931 means it: with the code of the country that gave it."""

from billing.domain.invoice import Party
from billing.domain.tax_territory import EU_MEMBERS

_OWN_PREFIX = {"GR": "EL"}
_ELSEWHERE = EU_MEMBERS | {"EL", "XI"}


def vat_identifier(party: Party) -> str:
    """The party's tax id without blanks if it is a VAT identifier (BR-CO-09), else "".

    The prefix is that of the party's country, or of a member state in which it is registered. EU, of the one-stop shop
    for sellers outside the Union, is no country: such a number is a tax registration only (BT-32).
    """
    number = "".join(party.tax_id.split())
    prefix = number[:2]
    own = _OWN_PREFIX.get(party.country, party.country)
    return number if len(number) > 2 and prefix.isalpha() and prefix in (_ELSEWHERE | {own}) else ""
