"""The list that every visitor asks first, kept for a minute: in this process, and in DynamoDB.

Only the first pages of events that no visitor has narrowed down to something of their own: there
are a few dozen of them, so nobody can fill the cache, and a look into it is likely to find one.
"""

from collections.abc import Callable
from time import time
from typing import Any

from onlineticket import resources
from onlineticket.api.freshness import Answer

SECONDS = 60

_NARROWED = {"organizer": None, "q": "", "starts_from": None, "starts_to": None, "page": None}
_LIMIT = 20


def kept(parameters: dict[str, Any], make: Callable[[], Answer]) -> tuple[Answer, int]:
    """An answer to GET /events, with these `parameters`, and how many seconds ago it was made.

    It carries the block that it shows. A cache that is away costs a query, and no more.
    """
    if parameters["limit"] != _LIMIT or any(
        parameters[name] != default for name, default in _NARROWED.items()
    ):
        return make(), 0
    suite_id = parameters["suite"] or resources.suite_id()
    key = f"events {suite_id} {parameters['status']} {parameters['sort']}"
    now, cache = int(time()), resources.cache()
    found = cache.find(key, now=now)
    if found is not None:
        answer = Answer(found["body"], found["tag"], found["block"])
        return answer, min(max(0, now - found["made_at"]), SECONDS)
    answer = make()
    value = {"body": answer.body, "tag": answer.tag, "block": answer.block, "made_at": now}
    cache.keep(key, value, now=now, expires_at=now + SECONDS)
    return answer, 0
