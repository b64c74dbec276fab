"""A project's Cloud Scheduler, Cloud Tasks and Secret Manager as an administrator sees them, and Firebase Rules.

One gRPC server over the client libraries' own types, and one of HTTP for the rules, which keep what they are told and
refuse as the real ones do (https://cloud.google.com/scheduler/docs/reference/rpc, .../tasks/docs/reference/rpc,
.../secret-manager/docs/reference/rpc, https://firebase.google.com/docs/reference/rules/rest).
"""

from tests.google_project.project import GoogleProject

__all__ = ["GoogleProject"]
