"""Verify that published plan versions are as they were published."""

from billing.domain.finding import FindingKind
from billing.ports import Query
from billing.store.plans import digest
from billing.usecases.verification import Verification


def verify_plans(verification: Verification) -> None:
    """Compare each version with the digest of its publication; versions from before digests were kept have none."""
    query = Query(verification.context.plan_versions.collection.path)
    for page in verification.pages("plans", query):
        for each in page:
            published = each.fields.get("digest")
            if published is not None and published != digest(each.fields):
                message = f"plan version {each.id} is not as it was published: what it prices can't be trusted"
                verification.find(FindingKind.PLAN_CHANGED, f"plans/{each.id}", message, name=each.id)
