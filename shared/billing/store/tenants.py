"""Tenants and their tax tables: the settings that a run reads once."""

from dataclasses import dataclass

from billing.domain.errors import NotFound
from billing.domain.tax import TaxRate, TaxTable
from billing.domain.tenant import Tenant
from billing.ports import Documents, Fields, Put, Query
from billing.store.codec import SCHEMA_VERSION, converter, decode, encode
from billing.store.ids import tenant_path


@dataclass(frozen=True, slots=True)
class Tenants:
    """Every tenant; only entry points that are authorised for all of them list them."""

    documents: Documents

    def get(self, tenant_id: str) -> Tenant:
        """The tenant's settings, or NotFound."""
        document = self.documents.get_many([tenant_path(tenant_id)])[0]
        if document is None:
            raise NotFound("tenant", tenant_id)
        return decode(document.fields, Tenant)

    def ids(self) -> list[str]:
        """The ids of all tenants, sorted."""
        return [document.id for document in self.documents.query(Query("tenants", fields=("id",)))]

    def saving(self, tenant: Tenant) -> Put:
        """The write of a tenant's settings."""
        return Put(tenant_path(tenant.id), encode(tenant))

    def tax_table(self, tenant_id: str) -> TaxTable:
        """The tenant's tax rates; a tenant without any charges no tax."""
        document = self.documents.get_many([_tax_path(tenant_id)])[0]
        rates = () if document is None else converter().structure(document.fields["rates"], tuple[TaxRate, ...])
        return TaxTable(rates=rates)

    def saving_taxes(self, tenant_id: str, table: TaxTable) -> Put:
        """The write of a tenant's tax rates."""
        fields: Fields = {
            "rates": converter().unstructure(table.rates, tuple[TaxRate, ...]),
            "schema_version": SCHEMA_VERSION,
        }
        return Put(_tax_path(tenant_id), fields)


def _tax_path(tenant_id: str) -> str:
    return f"{tenant_path(tenant_id)}/settings/tax_rates"
