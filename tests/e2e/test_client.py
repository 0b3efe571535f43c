"""The frontends' typed client: generated, compiled, and used against the deployed stack."""

import json
import subprocess
import sys

import pytest
from eth_account import Account

from infra.local import demo
from infra.local.api import Api
from infra.local.demo import Played
from infra.local.run import ROOT
from onlineticket.domain import suite

pytestmark = pytest.mark.slow

CLIENT = ROOT / "tests" / "client"


@pytest.fixture(scope="module")
def compiled() -> None:
    """The client as `make client` leaves it; a mistake in its types ends here."""
    subprocess.run([sys.executable, "-m", "infra.openapi", CLIENT], cwd=ROOT, check=True)
    made = subprocess.run(["npm", "run", "-s", "client"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr


def test_a_frontend_in_typescript_finds_its_way(compiled: None, api: Api, played: Played) -> None:
    stack, address = played.stack, Account.create().address
    visit = {
        "url": stack.api_url,
        "address": address,
        "chain_id": demo.chain_id(stack),
        "token_id": str(played.season.demo_token_id),
        "platform_token": suite.parse(stack.contracts).platform_token,
    }
    done = subprocess.run(
        ["node", CLIENT / "out" / "visit.js", json.dumps(visit)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert address in seen["challenge"]["message"]
    assert seen["names"] == [event["name"] for event in api.every("/events")]
    assert len(seen["names"]) > 2  # more than one page
    assert seen["ticket"] == api.expect(200, api.get(f"/tickets/{visit['token_id']}"))
    assert int(seen["quote"]["amount_out"]) > int(seen["quote"]["minimum_out"]) > 0
    assert (seen["status"], seen["refusal"]) == (404, "没有这张门票。")


def test_the_deployed_stack_describes_itself(compiled: None, api: Api, played: Played) -> None:
    local = json.loads((CLIENT / "openapi.json").read_text())
    served = api.expect(200, api.get("/openapi.json"))
    [server] = served.pop("servers")
    assert played.stack.api_url.endswith(server["url"])
    local.pop("servers")
    assert served == local
    page = api.get("/docs")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.body == (CLIENT / "docs.html").read_text()


def test_what_no_route_takes_is_answered_in_the_callers_language(api: Api) -> None:
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9"}
    lost = api.get("/nowhere", chinese)
    assert (lost.status, lost.body["error_code"]) == (404, "NO_SUCH_ROUTE")
    assert lost.body["message"] == "没有这个接口。"
    wrong = api.post("/events/7/tickets/types", {}, chinese)
    assert (wrong.status, wrong.body["error_code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in wrong.headers["allow"]
