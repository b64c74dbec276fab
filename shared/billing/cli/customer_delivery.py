"""`billing customers set-delivery`: how a customer wants its invoices."""

from billing.cli.directory import open_call
from billing.cli.place import Place
from billing.cli.screen import answers, write_json
from billing.domain.customer import Customer
from billing.domain.customer_preferences import InvoiceDelivery
from billing.store.collection import Stored
from billing.store.ids import checked_id
from billing.usecases.change_customer import change_customer
from billing.usecases.record_change import RecordChange, with_preferences


def set_delivery(customer_id: str, delivery: InvoiceDelivery, *, place: Place) -> None:
    """Save it and say so; NotFound where there is no such customer."""
    engine, _, call = open_call(place)

    def changed(stored: Stored[Customer]) -> Customer:
        return with_preferences(stored.value, RecordChange(delivery=delivery), at=call.recorded_at)

    customer = change_customer(engine.documents, checked_id("customer", customer_id), changed, call=call)
    if place.as_json:
        write_json({"customer_id": customer.id, "invoice_delivery": customer.invoice_delivery.value})
        return
    told = "gets its invoices by e-mail" if delivery.by_mail else "finds its invoices in the portal; none is mailed"
    answers().print(f"{customer.id} {told}.", highlight=False)
