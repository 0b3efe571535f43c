"""The deployed API, by plain HTTP."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.errors import LocalCloudError


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names in lowercase; `body` parsed, None if empty."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Api:
    """`url` ends in `/v1`; paths begin after that."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, /, headers: Mapping[str, str] | None = None, **query: str) -> Answer:
        search = f"?{urllib.parse.urlencode(query)}" if query else ""
        return self._send("GET", path + search, None, headers or {})

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return self._send("POST", path, body, headers or {})

    def send(
        self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self._send(method, path, body, headers or {})

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self._send("DELETE", path, None, headers or {})

    def every(self, path: str, **query: str) -> Iterator[Any]:
        """All items of a list, page after page."""
        while True:
            answer = self.expect(200, self.get(path, None, **query))
            yield from answer["items"]
            if answer["next_page"] is None:
                return
            query["page"] = answer["next_page"]

    def expect(self, status: int, answer: Answer) -> Any:
        """The body of an answer that must have this status.

        Raises:
            LocalCloudError: it has another.
        """
        if answer.status != status:
            raise LocalCloudError(f"The API answered {answer.status}, not {status}: {answer.body}")
        return answer.body

    def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers} if data else dict(headers)
        request = urllib.request.Request(self.url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return _answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return _answer(refused.code, refused.headers, refused.read())
        except OSError as error:
            raise LocalCloudError(f"The API at {self.url} does not answer: {error}") from error


def _answer(status: int, headers: Any, content: bytes) -> Answer:
    try:
        body = json.loads(content) if content else None
    except json.JSONDecodeError:
        body = content.decode(errors="replace")
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)
