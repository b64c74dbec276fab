"""Places in and out of EU VAT: Directive 2006/112/EC art. 5 to 7; postal codes of the national posts."""

import pytest

from billing.domain.tax import is_vat_territory
from billing.domain.tax_territory import EU_MEMBERS, member_of_vat_id


@pytest.mark.parametrize(
    ("country", "postal_code"),
    [
        ("ES", "35001"),  # Las Palmas
        ("ES", "38001"),  # Santa Cruz de Tenerife
        ("ES", "51001"),  # Ceuta
        ("ES", "52001"),  # Melilla
        ("FR", "97100"),  # Guadeloupe
        ("FR", "97400"),  # La Réunion
        ("FR", "97600"),  # Mayotte
        ("FR", "98800"),  # Nouméa
        ("FI", "22100"),  # Mariehamn
        ("IT", "23041"),  # Livigno
        ("IT", "22061"),  # Campione d'Italia
        ("DE", "78266"),  # Büsingen
        ("DE", "27498"),  # Heligoland
        ("GR", "63086"),  # Mount Athos
        ("DK", "3900"),  # Nuuk
    ],
)
def test_these_parts_of_member_states_are_outside(country: str, postal_code: str) -> None:
    assert not is_vat_territory(country, postal_code)


@pytest.mark.parametrize(
    ("country", "postal_code"),
    [
        ("ES", "28001"),  # Madrid
        ("ES", "07001"),  # Palma, Balearic Islands
        ("ES", "13500"),  # holds a 35, but does not begin with it
        ("FR", "75001"),
        ("FR", "98000"),  # Monaco, as the French post writes it
        ("FI", "00100"),
        ("IT", "22060"),  # the next place to Campione
        ("DE", "78262"),  # Gailingen, beside Büsingen
        ("DK", "3700"),  # Bornholm
        ("PT", "9000"),  # Madeira
        ("AT", "6691"),  # Jungholz
        ("MC", "98000"),
        ("ES", ""),
    ],
)
def test_the_rest_of_the_member_states_and_monaco_are_inside(country: str, postal_code: str) -> None:
    assert is_vat_territory(country, postal_code)


@pytest.mark.parametrize("country", ["US", "GB", "XI", "CH", "NO", "SM", "VA", "AD", "AX", "GP", "GL", "IC"])
def test_other_countries_are_outside_whatever_the_postal_code(country: str) -> None:
    assert not is_vat_territory(country, "")
    assert not is_vat_territory(country, "10115")


@pytest.mark.parametrize("written", ["22100", "FI-22100", "22 100", " 22100 AALAND", "AX-22100"])
def test_a_postal_code_is_read_as_people_write_it(written: str) -> None:
    assert not is_vat_territory("FI", written)


def test_there_are_27_member_states_by_their_iso_codes() -> None:
    assert len(EU_MEMBERS) == 27
    assert "GR" in EU_MEMBERS
    assert EU_MEMBERS.isdisjoint({"EL", "GB", "XI", "NO", "CH"})


@pytest.mark.parametrize(
    ("vat_id", "member"),
    [
        ("DE136695976", "DE"),
        ("EL094259216", "GR"),
        ("GR094259216", "GR"),
        (" fr40303265045", "FR"),
        ("XI123456789", ""),
        ("GB123456789", ""),
        ("CHE123456788", ""),
        ("", ""),
    ],
)
def test_the_first_letters_of_a_vat_id_name_the_member_state(vat_id: str, member: str) -> None:
    assert member_of_vat_id(vat_id) == member
