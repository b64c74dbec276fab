"""The nouns of the API in the order of its reference, each in a sentence."""

from typing import Final

TAGS: Final[dict[str, str]] = {
    "me": "Who asks: the caller's tenant, role and scopes.",
    "settings": "What a tenant's invoices follow: seller, terms, bank, branding, the address for events.",
    "members": "The people who may sign in to a tenant, each with a role.",
    "api-keys": "Keys for programs. A key is shown once, when it is made.",
    "customers": "Whom invoices go to, and what they have and owe.",
    "plans": "Versions of price lists; a published one never changes.",
    "plan-drafts": "Price lists that are being written, until they are published.",
    "subscriptions": "Who has which plan since when; each change can be previewed before it is made.",
    "usage": "What metered services were used for: events, or reports of days that were added up.",
    "invoices": "What is owed: list, read, explain, preview, make, approve, send, void and issue anew.",
    "payments": "Money that came in past the gateway, and money that goes back.",
    "credit-notes": "What an issued invoice claimed too much, given back.",
    "bank-statements": "Statements of the tenant's bank, and the transfers in them that wait to be matched.",
    "dunning": "How unpaid invoices are chased: the policies, and the cases that are open.",
    "reviews": "What waits for a person: invoices that are held, and customers that have not paid.",
    "audit": "Every change, who made it and when, in a chain that shows tampering.",
    "runs": "What the daily jobs did.",
    "reports": "Recurring revenue, what is outstanding, who brings it, and who may leave; as JSON or CSV.",
    "events": "What the tenant's own system is told by signed webhooks, and the log of their delivery.",
    "mail-templates": "The texts of mails by kind and language.",
    "customer-billing": "The surface of older clients: billing records by customer, and the daily jobs by hand.",
    "internal": "For schedulers: the daily jobs of many tenants at once.",
}
