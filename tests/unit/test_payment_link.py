"""The pay link: stable for an invoice, its own for each, and not to be made without the key (semantics 7)."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlsplit

import pytest

from billing.domain.payment_link import LinkedInvoice, linked_invoice, payment_url

BASE = "https://pay.example"


def link(*, key: str = "k1", tenant_id: str = "acme", invoice_id: str = "sub-1.20260101T000000Z.r0") -> str:
    return payment_url(BASE, key=key, tenant_id=tenant_id, invoice_id=invoice_id)


def test_the_same_invoice_always_has_the_same_link() -> None:
    assert link() == link()


def test_every_invoice_and_tenant_has_a_link_of_its_own() -> None:
    ids = [f"sub-{n}.20260101T000000Z.r0" for n in range(500)]
    links = {link(tenant_id=tenant, invoice_id=each) for tenant in ("acme", "beta") for each in ids}
    assert len(links) == 1000


def test_the_token_names_the_invoice_and_is_signed_by_the_key() -> None:
    prefix, _, token = link(key="secret").partition("/pay/")
    name, _, signature = token.partition(".")
    assert prefix == BASE
    named = b"acme/sub-1.20260101T000000Z.r0"
    assert _bytes(name) == named
    assert _bytes(signature) == hmac.new(b"secret", named, hashlib.sha256).digest()[:16]


def test_without_the_key_the_signature_cannot_be_guessed_from_other_links() -> None:
    assert link(key="k1").rpartition(".")[2] != link(key="k2").rpartition(".")[2]
    # 128 bits for each invoice: nothing of one signature is in the next one's
    one, other = (_bytes(link(invoice_id=f"sub-{n}").rpartition(".")[2]) for n in (1, 2))
    assert len(one) == len(other) == 16
    assert one[:8] != other[:8]


def test_moving_a_character_between_tenant_and_invoice_changes_the_signature() -> None:
    one, other = link(tenant_id="a", invoice_id="bc"), link(tenant_id="ab", invoice_id="c")
    assert one.rpartition(".")[2] != other.rpartition(".")[2]


def test_the_link_is_a_plain_url() -> None:
    parts = urlsplit(link(invoice_id="sub:1@x~y+z.20260101T000000Z.r0"))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "pay.example", "", "")
    assert all(character.isalnum() or character in "-_./" for character in parts.path)


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_token_opens_the_invoice_that_it_was_made_for() -> None:
    opened = linked_invoice(token_of(link()), keys=["k1"])
    assert opened == LinkedInvoice(tenant_id="acme", invoice_id="sub-1.20260101T000000Z.r0")


def test_an_old_key_still_opens_beside_the_newest_and_no_other_does() -> None:
    token = token_of(link(key="old"))
    assert linked_invoice(token, keys=["new", "old"]) is not None
    assert linked_invoice(token, keys=["new"]) is None
    assert linked_invoice(token, keys=[]) is None


def test_a_token_with_any_character_changed_opens_nothing() -> None:
    token = token_of(link())
    for place, character in enumerate(token):
        other = "A" if character != "A" else "B"
        assert linked_invoice(f"{token[:place]}{other}{token[place + 1 :]}", keys=["k1"]) is None, place


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "a.b",
        "é.é",
        "....",
        "x" * 600,
        "YWNtZQ",
        "YWNtZQ.",
        "\x00.\x00",
        "A",
        "A.A",
        f"{'A' * 400}.{'A' * 200}",
    ],
)
def test_what_is_no_token_opens_nothing(token: str) -> None:
    assert linked_invoice(token, keys=["k1"]) is None


def test_a_token_has_one_form() -> None:
    name, _, signature = token_of(link(invoice_id="sub-12")).partition(".")
    for other in (f"{name}=.{signature}", f"{name}.{signature}==", f"{name}.{signature}.", f" {name}.{signature}"):
        assert linked_invoice(other, keys=["k1"]) is None
    last = signature[-1]  # 16 bytes leave four bits of the last character unused
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = spare[spare.index(last) + 1]
    assert linked_invoice(f"{name}.{signature[:-1]}{twin}", keys=["k1"]) is None


def test_a_signed_name_without_a_tenant_opens_nothing() -> None:
    named = b"acme"
    signature = hmac.new(b"k1", named, hashlib.sha256).digest()[:16]
    token = ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in (named, signature))
    assert linked_invoice(token, keys=["k1"]) is None


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
