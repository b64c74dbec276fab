"""Give back what a credit note left paid beyond what is owed: each payment once, under the note's own id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from billing.domain.credit import CreditNote, CreditRefund
from billing.domain.errors import NotFound
from billing.domain.payment import Payment, PaymentStatus, RefundState, RefundTarget
from billing.ports import Documents, Gateway, GatewayPayment, NotAtGateway, RefundStatus
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.follow_disputes import follow_back
from billing.usecases.follow_refunds import refund_key
from billing.usecases.refund_payment import RefundRequest, refund_payment


def refund_credit(documents: Documents, note: CreditNote, *, gateway: Callable[[], Gateway] | None, call: Call) -> bool:
    """Refund what a credit note says, and close what is open to pay its invoice by; whether all of it is done.

    Doing it again is harmless. No more is given back than the invoice is overpaid still: somebody may have refunded the
    same money meanwhile, or the bank took the payment back. What the payment's method does not take goes to the
    customer's balance. A hosted page that is for no more than is due now stays open. Without a `gateway` whatever needs
    one waits. Raises GatewayUnavailable (do it again later) and GatewayRefused.
    """
    owed = [_Owed(documents=documents, note=note, refund=each, gateway=gateway, call=call) for each in note.refunds]
    done = [each.give() for each in owed]
    if gateway is not None:
        close_other_ways(documents, gateway(), note.invoice_id, paid_by="", call=call)
    return all(done) and (gateway is not None or bool(done))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owed:
    """What a note says to give back of one payment."""

    documents: Documents
    note: CreditNote
    refund: CreditRefund
    gateway: Callable[[], Gateway] | None
    call: Call

    def give(self) -> bool:
        """Give it back; whether nothing of it is left to be done."""
        known = next((each for each in self._payment().refunds if each.id == self.note.id), None)
        if known is not None and known.state is RefundState.DONE:
            return self.gateway is not None or self._is_for_balance
        amount = self._amount_to_ask() if known is None else known.amount  # less than the note says, if less was left
        if not amount:
            return amount == 0
        if self._is_for_balance:
            self._put_on_balance(amount, id=self.note.id)
            return True
        if self.gateway is None:
            return False
        at_most = self._overpaid_for_sure(self.gateway()) if known is not None and known.waits else None
        payment = self._refund(
            amount, id=self.note.id, target=RefundTarget.METHOD, gateway=self.gateway(), at_most=at_most
        )
        [made] = [each for each in payment.refunds if each.id == self.note.id]
        if made.state is RefundState.FAILED:
            return self._give_by_balance(payment, most=amount, gateway=self.gateway())
        return made.state is RefundState.DONE

    @property
    def _is_for_balance(self) -> bool:
        return self.refund.target is RefundTarget.BALANCE

    def _amount_to_ask(self) -> int | None:
        """As `_left_to_give`, once what went back elsewhere is booked; None also without a gateway that is needed."""
        elsewhere: Mapping[str, int] = {}
        if self._payment().status is not PaymentStatus.REVERSED and not self._is_for_balance:
            if self.gateway is None:
                return None
            elsewhere = self._under_way_elsewhere(self.gateway())
        return self._left_to_give(most=self.refund.amount, elsewhere=elsewhere)

    def _give_by_balance(self, payment: Payment, *, most: int, gateway: Gateway) -> bool:
        """Put on the balance what is to be given still; whether that is the end of it."""
        name = f"{self.note.id}.balance"
        if any(each.id == name for each in payment.refunds):
            return True
        amount = self._left_to_give(most=most, elsewhere=self._under_way_elsewhere(gateway))
        if amount:
            self._put_on_balance(amount, id=name)
        return amount is not None

    def _overpaid_for_sure(self, gateway: Gateway) -> int:
        """What the invoice is overpaid whatever becomes of other refunds that are under way."""
        elsewhere = sum(self._under_way_elsewhere(gateway).values())
        asked = sum(_asked(each.value, self.note.invoice_id) for each in self._payments())
        own = sum(each.amount for each in self._payment().refunds if each.waits and each.id == self.note.id)
        return self._overpaid - elsewhere - (asked - own)

    @property
    def _overpaid(self) -> int:
        [invoice] = Invoices.of(self.documents, self.call.tenant_id).get([self.note.invoice_id])
        return 0 if invoice is None else invoice.value.overpaid

    def _left_to_give(self, *, most: int, elsewhere: Mapping[str, int]) -> int | None:
        """What is to be given still: no more than the invoice is overpaid, whoever gave money back meanwhile.

        Nothing of what the bank took back. None while that can't be told: the payment is disputed, or another refund is
        under way that would leave less if it arrived; of what no books know of yet that is `elsewhere`, by payment.
        """
        payment, invoice_id = self._payment(), self.note.invoice_id
        if payment.status is not PaymentStatus.SUCCEEDED:
            return 0 if payment.status is PaymentStatus.REVERSED else None
        over = self._overpaid
        under_way = {each.value.id: _asked(each.value, invoice_id) for each in self._payments()}
        left = next((each.amount for each in payment.parts_left if each.invoice_id == invoice_id), 0)
        most = min(most, left + under_way.get(payment.id, 0), over)
        left, over = left - elsewhere.get(payment.id, 0), over - sum(under_way.values()) - sum(elsewhere.values())
        return most if most <= min(left, over) else None

    def _under_way_elsewhere(self, gateway: Gateway) -> Mapping[str, int]:
        """What the gateway is giving back of each payment of the note's invoice, and the books hold nothing for.

        What went back by now is booked first. A payment that another account took, which the tenant had before, holds
        back none but its own refund.
        """
        amounts: dict[str, int] = {}
        for each in self._payments():
            if each.value.gateway_id and each.value.status is not PaymentStatus.REVERSED:
                try:
                    fetched = gateway.payment(each.value.gateway_id)
                except NotAtGateway:
                    if each.value.id == self.refund.payment_id:
                        raise
                    continue
                payment = follow_back(self.documents, each.value, fetched, call=self.call)
                amounts[payment.id] = self._under_way_beside(payment, fetched)
        return amounts

    def _under_way_beside(self, payment: Payment, fetched: GatewayPayment) -> int:
        """What the gateway is giving back of a payment, beside refunds that the books know of and the note's own."""
        failed = {each.id for each in payment.refunds if each.state is RefundState.FAILED}
        ours = {self.note.id, *(each.id for each in payment.refunds)} - failed
        keys = {refund_key(payment.id, each, call=self.call) for each in ours}
        pending = [each for each in fetched.refunds if each.status is RefundStatus.PENDING]
        return sum(each.amount for each in pending if each.key not in keys)

    def _payments(self) -> list[Stored[Payment]]:
        return Payments.of(self.documents, self.call.tenant_id).of_invoice(self.note.invoice_id)

    def _payment(self) -> Payment:
        [stored] = Payments.of(self.documents, self.call.tenant_id).get([self.refund.payment_id])
        if stored is None:
            raise NotFound("payment", self.refund.payment_id)
        return stored.value

    def _put_on_balance(self, amount: int, *, id: str) -> None:  # noqa: A002 - the refund's
        self._refund(amount, id=id, target=RefundTarget.BALANCE, gateway=None)

    def _refund(
        self,
        amount: int,
        *,
        id: str,  # noqa: A002 - the refund's
        target: RefundTarget,
        gateway: Gateway | None,
        at_most: int | None = None,
    ) -> Payment:
        request = RefundRequest(
            id=id,
            payment_id=self.refund.payment_id,
            amount=amount,
            target=target,
            invoice_id=self.note.invoice_id,
            reason=f"{self.note.number}: {self.note.reason}",
            at_most=at_most,
        )
        return refund_payment(self.documents, request, gateway=gateway, call=self.call)


def _asked(payment: Payment, invoice_id: str) -> int:
    """What refunds of an invoice's part come to that wait for their end."""
    waiting = [each for each in payment.refunds if each.waits]
    return sum(each.amount for each in waiting if each.invoice_id == invoice_id)
