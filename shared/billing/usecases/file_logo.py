"""Put a tenant's logo where documents find it: under a key made of what it is, so another one never overwrites it."""

import hashlib

from billing.ports import Objects


def logo_key(png: bytes, *, tenant_id: str) -> str:
    """The key that a tenant's PNG stands under, such as `branding/acme/0f3a....png`."""
    return f"branding/{tenant_id}/{hashlib.sha256(png).hexdigest()[:16]}.png"


def file_logo(objects: Objects, png: bytes, *, tenant_id: str) -> str:
    """Store a PNG and return its key; the same one again changes nothing."""
    return objects.put_new(logo_key(png, tenant_id=tenant_id), png, content_type="image/png").key
