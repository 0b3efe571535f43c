"""How long after its block an event is seen through the API, on the whole deployed local stack."""

import random
import statistics
import time

from infra.local import demo
from infra.local.api import Api
from infra.local.blocks import call, mine
from infra.local.progress import Progress
from onlineticket.chain.rpc import Node
from onlineticket.domain import suite as suites
from tests.bench import measuring

SAMPLES = 30
_POLL_SECONDS = 0.05
_GIVEN_UP_SECONDS = 60.0
_PAUSE_SECONDS = (0.5, 5.0)
"""Between two events, at random: every moment of the indexer's minute gets its turn."""

_DAY = 86_400


def measure() -> dict[str, float | int]:
    """Start the demo, emit events at random moments, and stop it again.

    Raises:
        LocalCloudError: it does not come up.
        TimeoutError: an event is not seen in a minute.
    """
    run = measuring.servers("fresh")
    try:
        progress = Progress()
        stack = demo.start_season(run, progress).stack
        demo.wait_until_indexed(run, progress, stack)
        api, node = Api(stack.api_url), Node(stack.rpc_url)
        manager = suites.parse(stack.contracts).event_manager
        draw = random.Random(1)
        seconds = []
        with progress.step(f"{SAMPLES} events emitted and seen"):
            for _ in range(SAMPLES):
                time.sleep(draw.uniform(*_PAUSE_SECONDS))
                seconds.append(_seconds_until_seen(api, node, manager))
    finally:
        run.stop()
    return {
        "fresh_p50_s": round(statistics.median(seconds), 2),
        "fresh_p95_s": round(statistics.quantiles(seconds, n=20)[18], 2),
        "fresh_max_s": round(max(seconds), 2),
        "fresh_samples": SAMPLES,
    }


def _seconds_until_seen(api: Api, node: Node, manager: str) -> float:
    owner = node.call("eth_accounts")[0]
    chain_time = int(node.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)
    starts = chain_time + 30 * _DAY
    signature = "createEvent(string,string,string,string,uint256,uint256,bool)"
    details = ("Fresh", "", "", "Hall", starts, starts + 7200, False)
    began = time.monotonic()
    [receipt] = mine(node, [call(owner, manager, signature, *details)])
    path = f"/events/{receipt.ids('EventCreated(uint256,address,string,uint256,uint256)')[0]}"
    while api.get(path).status != 200:
        if time.monotonic() - began > _GIVEN_UP_SECONDS:
            raise TimeoutError(f"GET {path} is not 200 after {_GIVEN_UP_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - began
