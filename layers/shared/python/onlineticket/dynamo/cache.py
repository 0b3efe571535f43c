"""Answers worth keeping for a while (table `cache`), behind this process's own memory.

pk: the key (a long one shortened by its hash) · value: JSON text · expires_at · ttl

A cache that is away slows and never breaks: its faults are reported and then treated as a miss, and
for a moment it is not asked again. An entry keeps its one expiry wherever it is copied to, so both
layers together are no staler than either.
"""

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

LONGEST_KEY = 512
"""Characters kept of a key; a longer one is cut and ends in its hash."""

LARGEST = 300_000
"""Bytes of a value that goes into the table: an item may have 400 kB."""

LARGEST_IN_MEMORY, MOST_IN_MEMORY = 65_536, 500
"""32 MB at the very most."""

PAUSE_SECONDS = 5
"""For which a cache that failed is left alone."""


@dataclass(slots=True)
class Cache:
    """`client` opens the DynamoDB client; `on_fault` is told of every failure."""

    client: Callable[[], Any]
    table: str
    on_fault: Callable[[Exception], None]
    _memory: "OrderedDict[str, tuple[str, int]]" = field(default_factory=OrderedDict)
    _paused_until: int = 0

    def find(self, key: str, *, now: int) -> Any | None:
        """The value kept under `key`, if it has not expired; None if there is none."""
        key = _shortened(key)
        text, expires_at = self._memory.get(key, ("", 0))
        if now < expires_at:
            return json.loads(text)
        self._memory.pop(key, None)
        item = self._ask("get_item", now, Key={"pk": {"S": key}}).get("Item")
        if item is None:
            return None
        try:
            text, expires_at = item["value"]["S"], int(item["expires_at"]["N"])
            value = json.loads(text)
        except (KeyError, ValueError) as error:  # not written by us: as good as absent
            self.on_fault(error)
            return None
        # The table's TTL deletes late, by days if it likes.
        if now >= expires_at:
            return None
        self._remember(key, text, expires_at)
        return value

    def keep(self, key: str, value: Any, *, now: int, expires_at: int) -> None:
        """Keep `value`, which is what json can write, until `expires_at` (Unix seconds)."""
        if expires_at <= now:
            return
        key, text = _shortened(key), json.dumps(value, separators=(",", ":"))
        self._remember(key, text, expires_at)
        if len(text) > LARGEST:  # json.dumps writes ASCII: characters are bytes
            return
        item = {
            "pk": {"S": key}, "value": {"S": text},
            "expires_at": {"N": str(expires_at)}, "ttl": {"N": str(expires_at)},
        }  # fmt: skip
        self._ask("put_item", now, Item=item)

    def forget(self, key: str, *, now: int) -> None:
        """Here and in the table; other warm processes keep their copy until it expires."""
        key = _shortened(key)
        self._memory.pop(key, None)
        self._ask("delete_item", now, Key={"pk": {"S": key}})

    def _ask(self, operation: str, now: int, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        if now < self._paused_until:
            return {}
        try:
            answer: dict[str, Any] = getattr(self.client(), operation)(
                TableName=self.table, **arguments
            )
        except (ClientError, BotoCoreError) as error:
            self._paused_until = now + PAUSE_SECONDS
            self.on_fault(error)
            return {}
        return answer

    def _remember(self, key: str, text: str, expires_at: int) -> None:
        self._memory.pop(key, None)
        if len(text) <= LARGEST_IN_MEMORY:
            self._memory[key] = text, expires_at
        while len(self._memory) > MOST_IN_MEMORY:
            self._memory.popitem(last=False)


def _shortened(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[:LONGEST_KEY]}#{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"
