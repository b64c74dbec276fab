"""What the sandbox refuses, in the shape of Stripe's errors.

BillingError
└── ApiError                one error object of Stripe's API with its HTTP status
    └── CardError           402: the issuer said no
"""

from typing import Any, ClassVar

from billing.domain.errors import BillingError

_CODE_PAGES = "https://docs.stripe.com/error-codes/"


class ApiError(BillingError):
    """One error as Stripe's API answers it (docs.stripe.com/api/errors). `reason` is Stripe's own `code`."""

    code: ClassVar[str] = "sandbox_refusal"
    kind: ClassVar[str] = "invalid_request_error"

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        reason: str | None = None,
        param: str | None = None,
        kind: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.param = param
        self.error_type = kind or self.kind
        self.headers = headers or {}
        self.more: dict[str, Any] = {}
        super().__init__(message)

    def body(self) -> dict[str, Any]:
        """The JSON of the answer; fields without a value are left out, as Stripe does."""
        page = f"{_CODE_PAGES}{self.reason.replace('_', '-')}" if self.reason else None
        fields = {"code": self.reason, "doc_url": page, "message": str(self), "param": self.param}
        known = {name: value for name, value in fields.items() if value is not None}
        return {"error": {**known, "type": self.error_type, **self.more}}


class CardError(ApiError):
    """The card was declined; `decline` is Stripe's decline code, where the test card has one."""

    code: ClassVar[str] = "sandbox_card_error"
    kind: ClassVar[str] = "card_error"

    def __init__(
        self, message: str, *, reason: str, decline: str | None, advice: str | None, param: str | None = None
    ) -> None:
        super().__init__(message, status=402, reason=reason, param=param)
        self.more |= {"decline_code": decline} if decline else {}
        self.more |= {"advice_code": advice} if advice else {}


def missing_parameter(param: str) -> ApiError:
    """A parameter that the operation can't do without."""
    return ApiError(f"Missing required param: {param}.", reason="parameter_missing", param=param)


def unknown_parameters(params: list[str]) -> ApiError:
    """Parameters that Stripe's pinned version has not, all of them in one error."""
    word = "parameter" if len(params) == 1 else "parameters"
    message = f"Received unknown {word}: {', '.join(params)}"
    return ApiError(message, reason="parameter_unknown", param=params[0])


def no_such(noun: str, key: str, *, param: str, status: int = 400) -> ApiError:
    """An id that is none of this account's: 404 where it stands in the path, 400 where in a parameter."""
    return ApiError(f"No such {noun}: '{key}'", status=status, reason="resource_missing", param=param)


def unsupported(what: str, *, param: str | None = None) -> ApiError:
    """Something that Stripe does and this sandbox does not: said aloud, so that nobody believes it happened."""
    return ApiError(f"The sandbox does not do this, Stripe does: {what}.", reason="sandbox_unsupported", param=param)


def unexpected_state(noun: str, resource: dict[str, Any], *, verb: str) -> ApiError:
    """An intent that is past what was asked of it; the error carries it, as Stripe's does."""
    message = f"You cannot {verb} this {noun} because it has a status of {resource['status']}."
    kind = resource["object"]
    error = ApiError(message, reason=f"{kind}_unexpected_state")
    error.more[kind] = dict(resource)
    return error
