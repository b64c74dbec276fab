"""Some tests need a real part of the outside world: the Firestore emulator, Chromium, Java.

A laptop may lack it, and then the test is skipped loudly; where BILLING_REQUIRE_REAL_PARTS=1 is set (.ci/run sets it),
a missing part is a failure, so that a green run never hides an untested one.
"""

import os

import pytest


def require_real_part(available: bool, reason: str) -> None:
    """Go on if the part is `available`; else skip the test for `reason`, or fail it where real parts are required."""
    if available:
        return
    if os.environ.get("BILLING_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"{reason} (BILLING_REQUIRE_REAL_PARTS=1 forbids to skip this)", pytrace=False)
    pytest.skip(reason)
