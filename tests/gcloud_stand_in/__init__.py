"""A gcloud that keeps a project in memory: called within the test, or as an executable on the path.

It takes no command or flag that the gcloud of this machine does not know, answers in the JSON of Google's APIs, lets
nothing be used before its API is on, and refuses in gcloud's words.
"""

from tests.gcloud_stand_in.executable import on_path
from tests.gcloud_stand_in.project import StandIn

__all__ = ["StandIn", "on_path"]
