"""A step of arithmetic in words and numbers: what it rests on, each calculation, and how they come together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from billing.domain.calculation import Calculation, calculated
from billing.domain.currency import exponent
from billing.domain.explanation import (
    CommitmentStep,
    CreditedStep,
    CreditStep,
    DiscountStep,
    FlatStep,
    LateUsageStep,
    PackageStep,
    ProrationStep,
    Step,
    TierStep,
    UsageStep,
    amount_of,
)
from billing.domain.figures import amount, plain, unit_price
from billing.domain.money import Rounding, to_minor

_MODELS = {
    "per_unit": "every unit at one price",
    "graduated": "each tier prices the units inside it",
    "volume": "the tier that the total falls in prices all units",
    "included": "the plan's allowance",
    "stairstep": "the fee of the tier that the total falls in",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedStep:
    """`facts` are sentences, `conclusion` is how the calculations come together ("" where there is only one)."""

    facts: tuple[str, ...]
    calculations: tuple[Calculation, ...]
    conclusion: str = ""


def explain_step(step: Step, currency: str, *, rounding: Rounding) -> ExplainedStep:
    """Word a step, in English."""
    words = _Words(currency, rounding)
    match step:
        case TierStep() | PackageStep():
            return ExplainedStep(facts=(words.usage(step),), calculations=(words.rated(step),))
        case FlatStep():
            return ExplainedStep(facts=(), calculations=(words.product(step.quantity, step.unit_price),))
        case ProrationStep():
            return words.proration(step)
        case CreditStep() | CreditedStep():
            return words.credit(step) if isinstance(step, CreditStep) else words.credited(step)
        case LateUsageStep():
            return words.late_usage(step)
        case DiscountStep():
            return words.discount(step)
        case CommitmentStep():
            return words.commitment(step)
        case _:
            assert_never(step)


@dataclass(frozen=True, slots=True)
class _Words:
    """The sentences of one invoice: its currency and rounding."""

    currency: str
    rounding: Rounding

    def usage(self, step: UsageStep) -> str:
        used = f"{plain(step.usage)} {step.meter}"
        if isinstance(step, PackageStep):
            return f"Usage {used}, in started blocks of {plain(step.size)}: {plain(step.quantity)} of them."
        return f"Usage {used}; {_MODELS.get(step.model, step.model)}{_tier(step)}."

    def rated(self, step: UsageStep) -> Calculation:
        text, value = self._times(step.quantity, step.unit_price)
        if isinstance(step, TierStep) and step.flat_fee:
            text, value = f"{text} + fee {self.price(step.flat_fee)}", value + Fraction(step.flat_fee)
        return self.calculated(text, value)

    def product(self, quantity: Decimal, price: Decimal) -> Calculation:
        return self.calculated(*self._times(quantity, price))

    def proration(self, step: ProrationStep) -> ExplainedStep:
        part = self.share(step.price, step.active, step.whole)
        full = to_minor(step.price, self.currency, rounding=self.rounding)
        return ExplainedStep(
            facts=(f"Active {_of(step.active, step.whole, step.unit)}; the line above is the full price.",),
            calculations=(part,),
            conclusion=f"{self.money(part.amount)} - {self.money(full)} = {self.money(self.total(step))}",
        )

    def credit(self, step: CreditStep) -> ExplainedStep:
        part = self.share(step.price, step.used, step.whole)
        calculations = [part]
        conclusion = f"{self.money(part.amount)} - {self.money(step.billed)}, at most 0"
        if step.discount:
            unused, paid = max(0, step.billed - part.amount), step.billed - step.discount
            text = f"paid of it: {self.money(unused)} × {self.money(paid)} ÷ {self.money(step.billed)}"
            calculations.append(self.calculated(text, Fraction(self._major(unused) * paid, step.billed)))
            conclusion = f"{conclusion}, less its share of the discount"
        return ExplainedStep(
            facts=(
                f"Billed ahead on {step.invoice_id}: {self.money(step.billed)}"
                + f", of which coupons took off {self.money(step.discount)}" * bool(step.discount)
                + ".",
                f"Used {_of(step.used, step.whole, step.unit)}.",
            ),
            calculations=tuple(calculations),
            conclusion=f"{conclusion} = {self.money(self.total(step))}",
        )

    def late_usage(self, step: LateUsageStep) -> ExplainedStep:
        with_it, without = [[self.rated(each) for each in steps] for steps in (step.after, step.before)]
        had = f"which had {plain(step.usage_before)} {step.meter}."
        came = f"Came after its period was invoiced, {had}"
        priced = "Priced as if it had come in time: the period rated with it less the period rated without it."
        if step.is_rest:
            came = f"{step.invoice_id} billed the first part of its period, {had}"
            priced = "Tiers and allowances go on from there: the period rated with it less the period rated without it."
        return ExplainedStep(
            facts=(came, f"With it the period has {plain(step.usage_after)}.", priced),
            calculations=(*_named("with it", with_it), *_named("without it", without)),
            conclusion=f"{self._sum(with_it)} - {self._sum(without)} = {self.money(self.total(step))}",
        )

    def discount(self, step: DiscountStep) -> ExplainedStep:
        whole = sum(step.weights)
        off = f"{plain(step.percent)}%" if step.percent is not None else self.money(step.amount or 0)
        if step.percent is not None:
            value = Fraction(Fraction(step.percent) * self._major(whole), 100)
            calculation = self.calculated(f"{self.money(whole)} × {off}", value)
        else:
            text = f"the smaller of {off} and {self.money(whole)}"
            calculation = self.calculated(text, self._major(min(step.amount or 0, whole)))
        lines = "1 line" if len(step.weights) == 1 else f"{len(step.weights)} lines"
        own = self.money(sum(step.weights[place] for place in step.own))
        return ExplainedStep(
            facts=(f"Coupon {step.coupon}: {off} off {lines}, together {self.money(whole)}.",),
            calculations=(calculation,),
            conclusion=f"spread over them by largest remainder, {own} of {self.money(whole)} bear "
            f"{self.money(self.total(step))}",
        )

    def commitment(self, step: CommitmentStep) -> ExplainedStep:
        owed = self.share(step.price, step.active, step.whole)
        part = "" if step.active == step.whole else f" for {_of(step.active, step.whole, step.unit)}"
        return ExplainedStep(
            facts=(f"Committed to at least {self.price(step.price)} a period{part}.",),
            calculations=(owed,),
            conclusion=f"{self.money(owed.amount)} - {self.money(step.charged)} charged already, at least 0 = "
            f"{self.money(self.total(step))}",
        )

    def credited(self, step: CreditedStep) -> ExplainedStep:
        given_back = self.calculated(f"credited: {self.money(step.credited)}", self._major(step.credited))
        fact = f"Billed on {step.invoice_id} by line {step.line_id}: {self.money(step.billed)}."
        return ExplainedStep(facts=(fact,), calculations=(given_back,))

    def share(self, price: Decimal, active: int, whole: int) -> Calculation:
        text = self.price(price) if active == whole else f"{self.price(price)} × {active:,} ÷ {whole:,}"
        return self.calculated(text, Fraction(Fraction(price) * active, whole))

    def calculated(self, text: str, value: Fraction) -> Calculation:
        return calculated(text, value, currency=self.currency, rounding=self.rounding)

    def total(self, step: Step) -> int:
        return amount_of(step, self.currency, rounding=self.rounding)

    def price(self, price: Decimal) -> str:
        return unit_price(price, self.currency)

    def money(self, minor: int) -> str:
        return amount(minor, self.currency)

    def _times(self, quantity: Decimal, price: Decimal) -> tuple[str, Fraction]:
        return f"{plain(quantity)} × {self.price(price)}", Fraction(quantity) * Fraction(price)

    def _sum(self, calculations: Sequence[Calculation]) -> str:
        return self.money(sum(each.amount for each in calculations))

    def _major(self, minor: int) -> Fraction:
        return Fraction(minor, 10 ** exponent(self.currency))


def _tier(step: TierStep) -> str:
    """Which tier it is: nothing to say of a price without tiers."""
    if step.model == "per_unit":
        return ""
    end = "without end" if step.up_to is None else f"up to {plain(step.up_to)}"
    start = f"above {plain(step.above)} " if step.above else ""
    return f". This tier: {start}{end}, {plain(step.quantity)} units"


def _of(active: int, whole: int, unit: str) -> str:
    return f"{active:,} of {whole:,} {unit}{'' if whole == 1 else 's'}"


def _named(name: str, calculations: Sequence[Calculation]) -> list[Calculation]:
    return [replace(each, text=f"{name}: {each.text}") for each in calculations]
