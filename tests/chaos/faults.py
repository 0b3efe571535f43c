"""What bad nodes do, one by one: faults for the scripts of `lying_node`."""

from collections.abc import Callable
from typing import Any

import orjson

from infra.local import chain
from tests.chaos.lying_node import Asked, Fault, Reply

Answers = list[dict[str, Any]]
Log = dict[str, Any]

PAGE = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


# -- HTTP -----------------------------------------------------------------------------------------


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda asked, truth: Reply(body, code, named)


def page(code: int) -> Fault:
    """HTML instead of JSON."""
    return status(code, PAGE, Content_Type="text/html")


def true_with(code: int) -> Fault:
    """The right answer under an HTTP status that says it is none."""
    return lambda asked, truth: Reply(orjson.dumps(truth), code)


def late(seconds: float) -> Fault:
    return lambda asked, truth: Reply(orjson.dumps(truth), wait=seconds)


def trickling(bytes_per_second: int) -> Fault:
    """Never silent for long, and never done."""
    return lambda asked, truth: Reply(orjson.dumps(truth), bytes_per_second=bytes_per_second)


def dropped(after: int) -> Fault:
    """The connection breaks after so many bytes, headers counted."""
    return lambda asked, truth: Reply(orjson.dumps(truth), dropped_after=after)


def cut_short(asked: Asked, truth: Any) -> Reply:
    """Half of the JSON, and the connection closed in good order: only its form gives it away."""
    body = orjson.dumps(truth)
    return Reply(body[: len(body) // 2], framed=False)


def vast(size: int, framed: bool) -> Fault:
    """A right answer in front of that many bytes of white space."""
    return lambda asked, truth: Reply(orjson.dumps(truth) + b" " * size, framed=framed)


# -- JSON-RPC -------------------------------------------------------------------------------------


def json_as(made: Callable[[Any], Any]) -> Fault:
    """Other JSON, made of the truth."""
    return lambda asked, truth: made(truth)


def refusal(code: int, message: str, data: Any = None) -> dict[str, Any]:
    member = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return {"jsonrpc": "2.0", "id": None, "error": member}


def refused(code: int, message: str) -> Fault:
    """The request as a whole, by one error object."""
    return lambda asked, truth: refusal(code, message)


def each_refused(code: int, message: str, method: str = "eth_getLogs") -> Fault:
    """Every call of that method, the others answered."""
    return each(method, lambda one: {**refusal(code, message), "id": one["id"]})


def each(method: str, made: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """The answers to calls of that method made into others."""

    def fault(asked: Asked, truth: Any) -> Any:
        methods = {one["id"]: one["method"] for one in asked}
        answers = truth if isinstance(truth, list) else [truth]
        lies = [made(one) if methods[one["id"]] == method else one for one in answers]
        return lies if isinstance(truth, list) else lies[0]

    return fault


def result(method: str, made: Callable[[Any], Any]) -> Fault:
    """The results of calls of that method made into others; errors left as they are."""
    return each(
        method, lambda one: {**one, "result": made(one["result"])} if "result" in one else one
    )


def for_range(too_wide: Callable[[int, int, Any], dict[str, Any] | None]) -> Fault:
    """Requests for logs refused where `too_wide(first, last, true result)` is an error object."""

    def fault(asked: Asked, truth: Any) -> Any:
        for call, answer in zip(asked, truth if isinstance(truth, list) else [truth], strict=True):
            if call["method"] == "eth_getLogs":
                query = call["params"][0]
                first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
                error = too_wide(first, last, answer["result"])
                if error is not None:
                    answer.pop("result")
                    answer["error"] = error["error"]
        return truth

    return fault


def where(applies: Callable[[Asked], bool], fault: Fault) -> Fault:
    """The truth elsewhere."""
    return lambda asked, truth: fault(asked, truth) if applies(asked) else truth


def in_tail(asked: Asked) -> bool:
    """Logs are asked for with every block's header, not only the last one's."""
    return len([one for one in asked if one["method"] == "eth_getBlockByNumber"]) > 1


def for_logs(asked: Asked) -> bool:
    """Logs are asked for."""
    return any(one["method"] == "eth_getLogs" for one in asked)


def honest(asked: Asked, truth: Any) -> Any:
    return truth


# -- Other nodes ----------------------------------------------------------------------------------


def behind(url: str, head: int) -> Fault:
    """The answers of a node that is as good as the one at `url`, and knows no newer block."""

    def block(found: Any) -> Any:
        return found if found is None or int(found["number"], 16) <= head else None

    def known(found: list[Log]) -> list[Log]:
        return [one for one in found if int(one["blockNumber"], 16) <= head]

    def fault(asked: Asked, truth: Any) -> Any:
        for call, answer in zip(asked, truth if isinstance(truth, list) else [truth], strict=True):
            tag, *_ = call["params"]
            if tag == "latest":
                answer["result"] = chain.call(url, "eth_getBlockByNumber", hex(head), False)
            elif call["method"] == "eth_getBlockByNumber":
                answer["result"] = block(answer["result"])
            elif call["method"] == "eth_getLogs":
                answer["result"] = known(answer["result"])
        return truth

    return fault


def forked(first: int) -> Fault:
    """The answers of a node on a fork of its own that begins at block `first`, with equal logs."""

    def hash_of(number: int, text: str) -> str:
        return "0xf02c" + text[6:] if number >= first else text

    def block(found: Any) -> Any:
        if found is None:
            return None
        number = int(found["number"], 16)
        return {
            **found,
            "hash": hash_of(number, found["hash"]),
            "parentHash": hash_of(number - 1, found["parentHash"]),
        }

    def log(one: Log) -> Log:
        return {**one, "blockHash": hash_of(int(one["blockNumber"], 16), one["blockHash"])}

    headers = result("eth_getBlockByNumber", block)
    found = logs(lambda all_: [log(one) for one in all_])
    return lambda asked, truth: headers(asked, found(asked, truth))


# -- Logs -----------------------------------------------------------------------------------------


def logs(made: Callable[[list[Log]], list[Any]]) -> Fault:
    return result("eth_getLogs", made)


def each_log(**changed: Callable[[Any], Any] | Any) -> Fault:
    """Members of every log changed; by a function of the old value, or to a value."""
    return logs(lambda found: [with_members(one, changed) for one in found])


def last_log(**changed: Callable[[Any], Any] | Any) -> Fault:
    return logs(lambda found: [*found[:-1], *(with_members(one, changed) for one in found[-1:])])


def with_members(one: Log, changed: dict[str, Any]) -> Log:
    values = {
        name: value(one.get(name)) if callable(value) else value for name, value in changed.items()
    }
    return {**one, **values}


def without(name: str) -> Callable[[list[Log]], list[Log]]:
    return lambda found: [{key: one[key] for key in one if key != name} for one in found]
