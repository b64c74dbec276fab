"""`billing customers restore`: the service of a suspended customer, given back by hand."""

from billing.cli.directory import call_on, open_place
from billing.cli.place import Place
from billing.cli.screen import answers, write_json
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.usecases.give_service_back import give_service_back


def restore_customer(customer_id: str, *, note: str, place: Place) -> None:
    """Give the service back and say so; NotFound where there is no such customer."""
    engine, tenant = open_place(place)
    wanted = checked_id("customer", customer_id)
    [before] = Customers.of(engine.documents, tenant.id).get([wanted])
    was_suspended = before is not None and before.value.suspended_at is not None
    customer = give_service_back(engine.documents, wanted, note=note, call=call_on(tenant))
    if place.as_json:
        write_json({"customer_id": customer.id, "suspended_at": None, "restored": was_suspended})
        return
    told = "has its service back" if was_suspended else "is not suspended; nothing was changed"
    answers().print(f"{customer.id} {told}.", highlight=False)
