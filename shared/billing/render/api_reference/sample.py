"""A request as somebody would send it from a shell, with the example that the document has."""

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

_KEY: Final = '-H "Authorization: Bearer $KEY"'
_INTERNAL: Final = '-H "x-internal-key: $INTERNAL_KEY"'
_NEXT_LINE: Final = " \\\n  "


def curl_sample(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """The call of an operation with curl: the address in `$API`, the token in its header, an example as body."""
    examples = [each for each in operation.get("parameters", []) if "example" in each]
    for each in examples:
        path = path.replace(f"{{{each['name']}}}", each["example"])
    query = "&".join(f"{each['name']}={each['example']}" for each in examples if each["in"] == "query")
    address = f"{path}?{query}" if query else path
    is_ours = operation["security"][0] == {"InternalKey": []}
    how = "" if method == "get" else f" -X {method.upper()}"
    parts = [f'curl -sS{how} "$API{address}"', _INTERNAL if is_ours else _KEY]
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f'-H "Content-Type: {media}"')
        parts.append(f"-d {_json(content['example'])}" if "json" in media else "--data-binary @statement.csv")
    return _NEXT_LINE.join(parts)


def _json(example: object) -> str:
    return shlex.quote(json.dumps(example, ensure_ascii=False))
