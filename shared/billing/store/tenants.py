"""Tenants and their tax tables: the settings that a run reads once."""

from dataclasses import dataclass

from billing.domain.errors import NotFound
from billing.domain.exchange import ExchangeRate, ExchangeTable
from billing.domain.tax import TaxRate, TaxTable
from billing.domain.tenant import Tenant
from billing.ports import Create, Documents, Fields, Put, Query
from billing.store.codec import SCHEMA_VERSION, converter, decode, encode
from billing.store.collection import Stored
from billing.store.ids import tenant_path


@dataclass(frozen=True, slots=True)
class Tenants:
    """Every tenant; only entry points that are authorised for all of them list them."""

    documents: Documents

    def get(self, tenant_id: str) -> Tenant:
        """The tenant's settings, or NotFound."""
        tenant = self.find(tenant_id)
        if tenant is None:
            raise NotFound("tenant", tenant_id)
        return tenant

    def stored(self, tenant_id: str) -> Stored[Tenant]:
        """The tenant's settings and the version they were read at, or NotFound."""
        document = self.documents.get_many([tenant_path(tenant_id)])[0]
        if document is None:
            raise NotFound("tenant", tenant_id)
        return Stored(decode(document.fields, Tenant), document.version)

    def find(self, tenant_id: str) -> Tenant | None:
        """The tenant's settings, or None where there is no such tenant."""
        document = self.documents.get_many([tenant_path(tenant_id)])[0]
        return None if document is None else decode(document.fields, Tenant)

    def ids(self) -> list[str]:
        """The ids of all tenants, sorted."""
        return [document.id for document in self.documents.query(Query("tenants", fields=("id",)))]

    def saving(self, tenant: Tenant, *, expected: str | None = None) -> Put:
        """The write of a tenant's settings, over exactly the version expected if one is."""
        return Put(tenant_path(tenant.id), encode(tenant), expected)

    def tax_table(self, tenant_id: str) -> TaxTable:
        """The tenant's tax rates; a tenant without any charges no tax."""
        stored = self.find_taxes(tenant_id)
        return TaxTable(rates=()) if stored is None else stored.value

    def find_taxes(self, tenant_id: str) -> Stored[TaxTable] | None:
        """The tenant's tax rates and the version they were read at, or None where none were ever saved."""
        document = self.documents.get_many([_tax_path(tenant_id)])[0]
        if document is None:
            return None
        rates = converter().structure(document.fields["rates"], tuple[TaxRate, ...])
        return Stored(TaxTable(rates=rates), document.version)

    def exchange_table(self, tenant_id: str) -> ExchangeTable:
        """The tenant's exchange rates, none where none were ever saved."""
        stored = self.find_exchange(tenant_id)
        return ExchangeTable() if stored is None else stored.value

    def find_exchange(self, tenant_id: str) -> Stored[ExchangeTable] | None:
        """The tenant's exchange rates and the version they were read at, or None where none were ever saved."""
        document = self.documents.get_many([_exchange_path(tenant_id)])[0]
        if document is None:
            return None
        rates = converter().structure(document.fields["rates"], tuple[ExchangeRate, ...])
        return Stored(ExchangeTable(rates=rates), document.version)

    def saving_exchange(self, tenant_id: str, table: ExchangeTable, *, expected: str | None = None) -> Put:
        """The write of a tenant's exchange rates, over exactly the version expected if one is."""
        fields: Fields = {
            "rates": converter().unstructure(table.rates, tuple[ExchangeRate, ...]),
            "schema_version": SCHEMA_VERSION,
        }
        return Put(_exchange_path(tenant_id), fields, expected)

    def creation(self, tenant: Tenant) -> Create:
        """The write of a new tenant's settings."""
        return Create(tenant_path(tenant.id), encode(tenant))

    def saving_taxes(self, tenant_id: str, table: TaxTable, *, expected: str | None = None) -> Put:
        """The write of a tenant's tax rates, over exactly the version expected if one is."""
        fields: Fields = {
            "rates": converter().unstructure(table.rates, tuple[TaxRate, ...]),
            "schema_version": SCHEMA_VERSION,
        }
        return Put(_tax_path(tenant_id), fields, expected)


def _exchange_path(tenant_id: str) -> str:
    return f"{tenant_path(tenant_id)}/settings/exchange_rates"


def _tax_path(tenant_id: str) -> str:
    return f"{tenant_path(tenant_id)}/settings/tax_rates"
