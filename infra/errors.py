"""What keeps a plan or an apply from going on: a sentence each, with the way out.

InfraError
├── InvalidDeclaration   billing.yaml or a variable breaks a rule
├── CannotChange         a setting that Google lets nobody change in place
├── NotAllowed           a role or a login is missing
├── Refused              Google's service said no; `remedy` is known for the usual reasons
└── Halted               a step failed half-way; what was done is done, and the same command goes on
"""

from collections.abc import Sequence


class InfraError(Exception):
    """Base of all expected failures; the message is what a person reads."""


class InvalidDeclaration(InfraError):
    """The declaration breaks rules; each flaw has its line, its field, what was expected and what was given."""

    def __init__(self, flaws: Sequence[str]) -> None:
        self.flaws = tuple(flaws)
        number = "1 error" if len(self.flaws) == 1 else f"{len(self.flaws)} errors"
        super().__init__("\n".join([f"{number}; nothing was asked or changed", *self.flaws]))


class CannotChange(InfraError):
    """Settings differ that are fixed when a thing is made."""

    def __init__(self, sentences: Sequence[str]) -> None:
        listed = "".join(f"\n  {sentence}" for sentence in sentences)
        super().__init__(f"nothing was changed, as this can't be changed in place:{listed}")


class Refused(InfraError):
    """A service refused a call: what was asked, what it said, and the remedy where one is known."""

    def __init__(self, asked: str, *, said: str, remedy: str = "") -> None:
        self.asked, self.said, self.remedy = asked, said, remedy
        super().__init__(f"{asked}: {said}" + (f"\n  way out: {remedy}" if remedy else ""))


class NotAllowed(Refused):
    """Whoever runs this lacks a login or a role."""


class NotThere(Refused):
    """What was asked for does not exist."""


class Halted(InfraError):
    """A step failed; those before it are done. The same command goes on from there."""

    def __init__(self, step: str, *, done: int, of: int, error: InfraError) -> None:
        self.done, self.error = done, error
        steps = "1 step was done" if done == 1 else f"{done} of {of} steps were done"
        super().__init__(f"stopped at: {step}\n{error}\n{steps}; the same command goes on from there")
