"""Every error this product raises on purpose.

BillingError
├── InvalidInput            what the caller sent breaks a rule; nothing was changed
│   └── (named for the rule, beside the code that holds it)
├── NotFound                a named document does not exist
├── Conflict                the state moved on; read again and decide again
└── Unavailable             an outside part did not answer; the same call may succeed later

`code` is stable and machine-readable; the message is one sentence for a person.
"""

from typing import ClassVar

from billing.domain.given import told_back


class BillingError(Exception):
    """Base of all expected failures. `code` never changes; `retryable` says whether to repeat the call."""

    code: ClassVar[str] = "billing_error"
    retryable: ClassVar[bool] = False


class InvalidInput(BillingError):
    """A value breaks a rule. `field` is the dotted path of the value, `expected` the rule, `given` what was there."""

    code: ClassVar[str] = "invalid_input"

    def __init__(self, field: str, *, expected: str, given: object) -> None:
        self.field = field
        self.expected = expected
        self.given = given
        super().__init__(f"{field}: expected {expected}, got {told_back(given)}")


class NotFound(BillingError):
    """A document that the caller named does not exist in the caller's tenant."""

    code: ClassVar[str] = "not_found"

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"no {kind} {key!r}")


class Conflict(BillingError):
    """Somebody else changed what this call was about to change."""

    code: ClassVar[str] = "conflict"
    retryable: ClassVar[bool] = True


class Unavailable(BillingError):
    """An outside part (database, object store, gateway) did not answer in time."""

    code: ClassVar[str] = "unavailable"
    retryable: ClassVar[bool] = True
