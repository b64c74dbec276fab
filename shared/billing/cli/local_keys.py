"""What opens the API of a directory on this machine: an internal key and a development token, made at first use."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from billing.adapters.kept_issuer import ISSUER, KeptIssuer, kept_issuer
from billing.adapters.kept_key import kept_key
from billing.api.identity import Trusted
from billing.api.signing_keys import FixedKeys
from billing.api.user_tokens import development_users


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKeys:
    """The keys of one directory; no deployed function trusts them."""

    internal: str = field(repr=False)
    issuer: KeptIssuer = field(repr=False)

    @property
    def trusted(self) -> Trusted:
        """Trust in the directory's own tokens."""
        return Trusted(users=(development_users(ISSUER, keys=FixedKeys(self.issuer.public_keys())),))

    def token(self, *, now: datetime) -> str:
        """A development token, from `now` (UTC) for twelve hours."""
        return self.issuer.token(now=now)


def local_keys(directory: Path) -> LocalKeys:
    """The keys of a directory."""
    keys = directory / "keys"
    return LocalKeys(internal=kept_key(keys / "internal"), issuer=kept_issuer(keys / "issuer.pem"))
