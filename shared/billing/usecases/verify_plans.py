"""Verify that published plan versions are as they were published."""

from billing.domain.finding import FindingKind
from billing.ports import Query
from billing.store.plans import digest
from billing.usecases.verification import PAGE, Verification, pages_of


def verify_plans(verification: Verification) -> None:
    """Compare each version with the digest of its publication; versions from before digests were kept have none."""
    plans = verification.context.plan_versions
    total = verification.documents.count(Query(plans.collection.path))
    pages = pages_of(lambda after: plans.page(limit=PAGE, after_id=after))
    for page in verification.counted("plans", pages, total=total):
        for each in page:
            published = each.fields.get("digest")
            if published is not None and published != digest(each.fields):
                message = f"plan version {each.id} is not as it was published: what it prices can't be trusted"
                verification.find(FindingKind.PLAN_CHANGED, f"plans/{each.id}", message, name=each.id)
