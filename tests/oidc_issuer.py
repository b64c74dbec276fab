"""An issuer of identity tokens for tests: RSA keys, their JWK set over HTTP on this machine, tokens with any claim."""

import base64
import hmac
import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.local_server import LocalServer, QuietHandler


class OidcIssuer(LocalServer):
    """`with OidcIssuer() as issuer:` serves its keys at `issuer.certs_url`; the newest signs `issuer.token(...)`."""

    def __init__(self) -> None:
        self.keys: dict[str, RSAPrivateKey] = {}
        self.fetches = 0
        self.answers: tuple[int, bytes] | None = None
        self.cache_control = ""
        super().__init__(type("Handler", (_Handler,), {"issuer": self}))
        self.rotate()

    @property
    def certs_url(self) -> str:
        return f"{self.url}/certs"

    @property
    def kid(self) -> str:
        return list(self.keys)[-1]

    def rotate(self, *, keep: int = 1) -> None:
        """Sign with a new key from now on and still publish the last `keep` old ones."""
        kid = f"key-{int(self.kid.removeprefix('key-')) + 1}" if self.keys else "key-1"
        kept = list(self.keys.items())[-keep:] if keep else []
        self.keys = dict(kept) | {kid: generate_private_key(public_exponent=65537, key_size=2048)}

    def jwks(self) -> dict[str, object]:
        """The public keys, as served."""
        return {
            "keys": [
                jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
                | {"kid": kid, "alg": "RS256", "use": "sig"}
                for kid, key in self.keys.items()
            ]
        }

    def claims(self, *, audience: str, email: str, now: datetime, **changed: object) -> dict[str, object]:
        """What Google puts into a service account's token, for an hour from `now`; None leaves a claim out."""
        usual = {
            "iss": self.url,
            "aud": audience,
            "azp": "112233445566778899000",
            "sub": "112233445566778899000",
            "email": email,
            "email_verified": True,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
        }
        return {name: value for name, value in (usual | changed).items() if value is not None}

    def sign(self, claims: dict[str, object], **headers: object) -> str:
        """A token over exactly these claims, signed by the newest key; `headers` change or add."""
        return jwt.encode(claims, self.keys[self.kid], algorithm="RS256", headers={"kid": self.kid, **headers})

    def token(self, *, audience: str, email: str, now: datetime, **changed: object) -> str:
        """A token with the usual claims, or with some `changed`."""
        return self.sign(self.claims(audience=audience, email=email, now=now, **changed))

    def public_pem(self) -> bytes:
        """The newest public key, as anybody can have it."""
        return self.keys[self.kid].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def unsigned(claims: dict[str, object], **headers: object) -> str:
    """A token that says of itself that nobody signed it."""
    return f"{_segment({'alg': 'none', 'typ': 'JWT', **headers})}.{_segment(claims)}."


def signed_with_secret(claims: dict[str, object], *, secret: bytes, **headers: object) -> str:
    """An HS256 token, by hand: a library refuses to take a public key for a secret, an attacker doesn't."""
    body = f"{_segment({'alg': 'HS256', 'typ': 'JWT', **headers})}.{_segment(claims)}"
    return f"{body}.{_base64(hmac.digest(secret, body.encode(), sha256))}"


def _segment(content: dict[str, object]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class _Handler(QuietHandler):
    issuer: ClassVar[OidcIssuer]

    def do_GET(self) -> None:
        self.issuer.fetches += 1
        status, body = self.issuer.answers or (200, json.dumps(self.issuer.jwks()).encode())
        kept = {"Cache-Control": self.issuer.cache_control} if self.issuer.cache_control else {}
        self.answer(
            status if self.path == "/certs" else 404, body, headers={"Content-Type": "application/json", **kept}
        )
