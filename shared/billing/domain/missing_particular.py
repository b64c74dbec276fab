"""What an invoice must say before it may be issued, and does not."""

from typing import ClassVar

from billing.domain.errors import InvalidInput


class MissingParticular(InvalidInput):
    """A particular that the law or EN 16931 asks for is missing: the invoice is not issued, and gets no number.

    `field` says where it belongs, `rule` who asks for it, `way_out` what to do.
    """

    code: ClassVar[str] = "missing_particular"

    def __init__(self, field: str, *, expected: str, rule: str, way_out: str, given: object = "") -> None:
        self.rule = rule
        self.way_out = way_out
        super().__init__(field, expected=f"{expected} ({rule}; {way_out})", given=given)
