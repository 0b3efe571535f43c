"""A proxy in front of a real node that answers as bad nodes do.

A *fault* makes a lie of what was asked and the node's true answer: other JSON, or a Reply, which
also says what happens to the bytes. A *script* chooses the fault for each request, or None.
"""

import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import orjson

Asked = list[dict[str, Any]]
"""The calls of one request; a batch of one is not told from a call."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. `wait` seconds pass before it; `dropped_after` bytes (headers counted) the
    connection breaks; `bytes_per_second` is how slowly it comes; `framed`: with a Content-Length.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    dropped_after: int | None = None
    bytes_per_second: int | None = None
    framed: bool = True


Fault = Callable[[Asked, Any], Any]
Script = Callable[[Asked], Fault | None]


def truthfully(_: Asked) -> None:
    """The script of an honest node."""


def always(fault: Fault) -> Script:
    return lambda _: fault


def at_first(fault: Fault) -> Script:
    """Every question is answered with a lie the first time, and truthfully when asked again."""
    asked_before: set[bytes] = set()

    def script(asked: Asked) -> Fault | None:
        question = orjson.dumps([(one["method"], one["params"]) for one in asked])
        if question in asked_before:
            return None
        asked_before.add(question)
        return fault

    return script


def then(requests: int, script: Script, later: Script) -> Script:
    """`script` until logs were asked for so many times, `later` from then on."""
    served = 0

    def counting(asked: Asked) -> Fault | None:
        nonlocal served
        served += any(one["method"] == "eth_getLogs" for one in asked)
        return script(asked) if served <= requests else later(asked)

    return counting


def in_turns(faults: Sequence[Fault]) -> Script:
    """One after the other: a load balancer before nodes that do not agree."""
    around = cycle(faults)
    return lambda _: next(around)


def at_random(faults: Sequence[Fault], share: float, seed: int) -> Script:
    """Any of the faults in that share of all requests."""
    dice = random.Random(seed)
    return lambda _: dice.choice(faults) if dice.random() < share else None


class LyingNode:
    """`script` may be changed at any time. `requests`: what was asked, the fault or None."""

    def __init__(self, upstream: str) -> None:
        self.script: Script = truthfully
        self.connections = 0
        self.requests: list[tuple[Asked, Fault | None]] = []
        self.upstream = urlsplit(upstream)
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.local = threading.local()
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def lies(self) -> int:
        return sum(fault is not None for _, fault in self.requests)

    def asked(self, method: str) -> list[list[Any]]:
        """The parameters of every call of that method, in the order they came."""
        calls = (one for asked, _ in self.requests for one in asked)
        return [one["params"] for one in calls if one["method"] == method]

    def answer(self, body: bytes) -> Reply:
        question = orjson.loads(body)
        asked = question if isinstance(question, list) else [question]
        with self.lock:
            fault = self.script(asked)
            self.requests.append((asked, fault))
        truth = self.ask(body)
        answer = truth if fault is None else fault(asked, truth)
        return answer if isinstance(answer, Reply) else Reply(orjson.dumps(answer))

    def ask(self, body: bytes) -> Any:
        """The node's answer, over a connection of this thread's own."""
        if not hasattr(self.local, "connection"):
            name, port = self.upstream.hostname or "", self.upstream.port
            self.local.connection = HTTPConnection(name, port, timeout=10)
        connection: HTTPConnection = self.local.connection
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        return orjson.loads(connection.getresponse().read())


class Echo(LyingNode):
    """There is no node behind it: the truth is that every call returns its first parameter."""

    def __init__(self) -> None:
        super().__init__("http://nowhere")

    def ask(self, body: bytes) -> Any:
        question = orjson.loads(body)
        if isinstance(question, list):
            return [_echo(one) for one in question]
        return _echo(question)


def _echo(call: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call["id"], "result": call["params"][0]}


@contextmanager
def serving(node: LyingNode) -> Iterator[LyingNode]:
    """It tells the truth until its `script` is set."""
    threading.Thread(target=node.server.serve_forever, args=(0.005,), daemon=True).start()
    try:
        yield node
    finally:
        node.stopping.set()
        node.server.shutdown()
        node.server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(node: LyingNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            with node.lock:
                node.connections += 1

        def do_POST(self) -> None:
            reply = node.answer(self.rfile.read(int(self.headers["Content-Length"])))
            node.stopping.wait(reply.wait)
            try:
                self._send(reply)
            except OSError:
                self.close_connection = True  # the client did not wait for it

        def _send(self, reply: Reply) -> None:
            length = {"Content-Length": str(len(reply.body))} if reply.framed else {}
            headers = {"Content-Type": "application/json"} | length | reply.headers
            self.close_connection = not reply.framed
            lines = [f"HTTP/1.1 {reply.status} {reply.status}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            head = "\r\n".join([*lines, "", ""]).encode()
            message = (head + reply.body)[: reply.dropped_after]
            for piece in _pieces(message, reply.bytes_per_second):
                self.wfile.write(piece)
                if reply.bytes_per_second and node.stopping.wait(
                    len(piece) / reply.bytes_per_second
                ):
                    break
            if reply.dropped_after is not None:
                self._reset()

        def _reset(self) -> None:
            """Break the connection, as against closing it in good order."""
            at_once = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _pieces(message: bytes, bytes_per_second: int | None) -> Iterator[bytes]:
    step = max(1, bytes_per_second // 20) if bytes_per_second else len(message) or 1
    for start in range(0, len(message), step):
        yield message[start : start + step]
