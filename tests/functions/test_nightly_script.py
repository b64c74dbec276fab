"""The cron script calls until all is done, and tells cron at the end whether anything failed on the way."""

import os
import subprocess

import pytest

from tests.functions.running_door import ROOT
from tests.local_server import QuietHandler, serving

FAILED = b'{"complete":false,"errors":[{"tenantId":"b"}]}'
NOT_DONE, DONE = b'{"complete":false,"errors":[]}', b'{"complete":true,"errors":[]}'


@pytest.mark.parametrize(
    ("answers", "code"), [([NOT_DONE, DONE], 0), ([FAILED, NOT_DONE, DONE], 1), ([DONE.replace(b"[]", b"[{}]")], 1)]
)
def test_it_goes_on_to_the_end_where_something_failed_before(answers: list[bytes], code: int) -> None:
    left = list(answers)

    class Door(QuietHandler):
        def do_POST(self) -> None:
            self.answer(200, left.pop(0))

    with serving(Door) as url:
        environ = {**os.environ, "INTERNAL_API_KEY": "k", "BILLING_URL": url, "BILLING_PAUSE": "0"}
        command = ["bash", str(ROOT / "samples/cron/nightly.sh"), "both"]
        ran = subprocess.run(command, env=environ, capture_output=True, check=False)

    assert (ran.stdout.splitlines(), ran.returncode, left) == (answers, code, [])
