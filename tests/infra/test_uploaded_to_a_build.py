"""What a build is given: all that is tracked, and neither the history nor what was made here."""

import json
import subprocess
from pathlib import Path

from tests.gcloud_commands import _python, sdk

_LISTED = """
import json, sys
sys.path[:0] = [sys.argv[1] + "/lib", sys.argv[1] + "/lib/third_party"]
from googlecloudsdk.command_lib.util import gcloudignore
chosen = gcloudignore.GetFileChooserForDir(sys.argv[2], write_on_disk=False, ignore_file=".buildignore")
json.dump(sorted(chosen.GetIncludedFiles(sys.argv[2], include_dirs=False)), sys.stdout)
"""


def test_a_build_is_given_what_is_tracked_and_nothing_else_that_git_knows_of() -> None:
    root = Path(__file__).parents[2]
    command = [_python(), "-c", _LISTED, str(sdk()), str(root)]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(words, cwd=root, check=True, capture_output=True, text=True).stdout

    assert {*listed} == {name for name in tracked.split("\0") if name and (root / name).is_file()}
    assert "infra/billing.yaml" in listed
    assert "requirements.txt" in listed
