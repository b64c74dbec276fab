"""What the billing engine asks of whatever keeps its secrets."""

from typing import ClassVar, Protocol

from billing.domain.errors import Unavailable


class Secrets(Protocol):
    """Where keys and passwords come from."""

    def get(self, name: str) -> tuple[str, ...]:
        """Every valid version of the secret, newest first, so that it can be rotated; () if it is not configured."""
        ...


class SecretUnreadable(Unavailable):
    """A secret can't be had until somebody does something about it. `remedy` says what; `absent`: there is none."""

    code: ClassVar[str] = "secret_unreadable"
    retryable: ClassVar[bool] = False

    def __init__(self, secret: str, *, reason: str, remedy: str, absent: bool = False) -> None:
        self.secret = secret
        self.reason = reason
        self.remedy = remedy
        self.absent = absent
        super().__init__(f"{secret}: {reason}; {remedy}")
