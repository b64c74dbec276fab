"""Tokens for a laptop: signed by a key of the directory, which only `billing serve` on that directory trusts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from billing.adapters.kept_file import kept_file

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUER = "billing-serve"
SUBJECT = "developer"
VALID_FOR = timedelta(hours=12)

_KID = "directory"
_ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class KeptIssuer:
    """Signs tokens by a private key."""

    key: RSAPrivateKey

    def token(self, *, now: datetime) -> str:
        """A token of the developer's, for twelve hours."""
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": SUBJECT,
            "iat": int(now.timestamp()),
            "exp": int((now + VALID_FOR).timestamp()),
        }
        return jwt.encode(claims, self.key, algorithm=_ALGORITHM, headers={"kid": _KID})

    def public_keys(self) -> "Mapping[str, jwt.PyJWK]":
        """What proves its tokens, by key id."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {_KID: jwt.PyJWK({**public, "alg": _ALGORITHM, "kid": _KID})}


def kept_issuer(path: Path) -> KeptIssuer:
    """The issuer of that file. The first caller makes its key there, whole or not at all, for its owner alone."""
    key = load_pem_private_key(kept_file(path, _new_key), password=None)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - as made below
    return KeptIssuer(key)


def _new_key() -> bytes:
    made = generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
