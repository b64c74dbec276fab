"""Where EU VAT applies: the member states, and the parts of them that are outside.

Source: Directive 2006/112/EC art. 5 to 7 and the European Commission's list "Territorial Scope".
"""

EU_MEMBERS = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"}
    | {"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)

_OUTSIDE_BY_POSTAL_CODE: dict[str, tuple[str, ...]] = {
    "DE": ("27498", "78266"),  # Heligoland, Büsingen
    "DK": ("39",),  # Greenland, when written as a part of Denmark
    "ES": ("35", "38", "51", "52"),  # Las Palmas, Tenerife, Ceuta, Melilla
    "FI": ("22",),  # Åland
    "FR": ("97", "984", "986", "987", "988"),  # overseas departments and territories; 980 is Monaco, which is inside
    "GR": ("63086",),  # Mount Athos
    "IT": ("22061", "23041"),  # Campione d'Italia (art. 6(1), since 2020 for VAT only), Livigno
}


def is_vat_territory(country: str, postal_code: str) -> bool:
    """Tell whether a place is in the EU's VAT area, from its ISO 3166-1 country and its postal code as written.

    Blanks, hyphens and a country prefix in the postal code don't matter; an empty one means the main territory.
    Monaco is inside (art. 7). XI, Northern Ireland, is not: it is for goods only.
    """
    outside = _OUTSIDE_BY_POSTAL_CODE.get(country)
    if outside is None or not postal_code:
        return country in EU_MEMBERS or country == "MC"
    return not "".join(filter(str.isdigit, postal_code)).startswith(outside)


def member_of_vat_id(vat_id: str) -> str:
    """The ISO code of the member state that gave a VAT id, or "" when none did.

    Greece writes EL (ISO: GR). XI is none: it counts for goods only, and what is billed here are services.
    """
    prefix = vat_id.lstrip()[:2].upper()
    member = "GR" if prefix == "EL" else prefix
    return member if member in EU_MEMBERS else ""
