"""Documents in Firestore: the store of production. Importing this module imports Google's libraries."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.auth.credentials import Credentials
from google.cloud.firestore import Client

from billing.adapters.firestore_calls import FirestoreCalls, Patience
from billing.adapters.firestore_codec import decode_fields, timestamp_text
from billing.adapters.firestore_messages import (
    aggregation_request,
    batch_get_request,
    commit_request,
    document_name,
    query_request,
)
from billing.adapters.query_rules import check_field, check_sum
from billing.ports import Delete, Document, InvalidDocument, Query, Write
from billing.ports.trace import span
from billing.store.paths import split_document_path

_PATHS_A_CALL = 500


class FirestoreDocuments:
    """The Documents port over one Firestore database.

    The client library gives the channel with its credentials (or the emulator's, where FIRESTORE_EMULATOR_HOST names
    one); requests and answers go over it as plain protobuf. A document's version is its update time.
    """

    def __init__(
        self,
        project: str,
        *,
        database: str = "(default)",
        credentials: Credentials | None = None,
        client_options: Mapping[str, Any] | None = None,
        patience: Patience | None = None,
    ) -> None:
        options = dict(client_options) if client_options else None
        self._client = Client(project=project, database=database, credentials=credentials, client_options=options)
        self._database = f"projects/{project}/databases/{database}"
        self._calls = FirestoreCalls(self._client, patience=patience or Patience())

    def close(self) -> None:
        """Close the channel."""
        self._client.close()  # type: ignore[no-untyped-call] # the library's

    def get_many(self, paths: Sequence[str], *, fields: Sequence[str] | None = None) -> list[Document | None]:
        """The documents in the order asked, None where none stands."""
        for name in fields or ():
            check_field(name)
        unique = list(dict.fromkeys(paths))
        for path in unique:
            split_document_path(path)
        found: dict[str, Document] = {}
        for start in range(0, len(unique), _PATHS_A_CALL):
            part = unique[start : start + _PATHS_A_CALL]
            request = batch_get_request(part, fields=fields, database=self._database)
            for answer in self._calls.batch_get(request):
                if answer.HasField("found"):
                    document = self._document(answer.found)
                    found[document.path] = document
        return [found.get(path) for path in paths]

    def query(self, query: Query) -> list[Document]:
        """The documents that match, sorted."""
        answers = self._calls.run_query(query_request(query, database=self._database))
        return [self._document(answer.document) for answer in answers if answer.HasField("document")]

    def count(self, query: Query) -> int:
        """How many documents match."""
        return self._aggregate(query, sum_of=None)

    def sum(self, query: Query, *, field: str) -> int:
        """The sum of an integer field; other values in it count as nothing."""
        check_sum(query, field=field)
        return self._aggregate(query, sum_of=field)

    def check(self, writes: Sequence[Write]) -> None:
        """Refuse what no commit takes."""
        commit_request(writes, database=self._database)

    @span("store.commit")
    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Do all writes or none; the new versions."""
        if not writes:
            return []
        answer = self._calls.commit(commit_request(writes, database=self._database), writes=writes)
        return [
            "" if isinstance(write, Delete) else timestamp_text(result.update_time)
            for write, result in zip(writes, answer.write_results, strict=True)
        ]

    def _document(self, message: Any) -> Document:  # noqa: ANN401 - protobuf classes carry no types
        path = message.name.removeprefix(document_name("", database=self._database))
        return Document(path, decode_fields(message.fields), timestamp_text(message.update_time))

    def _aggregate(self, query: Query, *, sum_of: str | None) -> int:
        answers = self._calls.aggregate(aggregation_request(query, sum_of=sum_of, database=self._database))
        for answer in answers:
            value = answer.result.aggregate_fields["answer"]
            if value.WhichOneof("value_type") != "integer_value":
                raise InvalidDocument(sum_of or "count", expected="integers whose sum fits 64 bit", given="more")
            return int(value.integer_value)
        return 0
