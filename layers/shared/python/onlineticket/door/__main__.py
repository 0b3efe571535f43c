"""What follows a scan, for people: `python -m onlineticket.door COMMAND`.

It reads the same variables as the functions (.env.example): CONTRACTS, DB_URL, REDEMPTIONS_TABLE,
RPC_URL, SETTLE_DEAD_LETTERS_URL, CONSUME_KEY_ID, and AWS's own.
Exit codes: 0 done; 1 a dependency is away, try again; 2 wrong usage; 4 something could not be
settled, a chain of the audit log is broken, an account may not use tickets: it says what.
"""

import argparse
import sys
from collections.abc import Callable
from time import time
from typing import Any

from onlineticket import resources, settings
from onlineticket.chain.rpc import Node
from onlineticket.domain.address import checksum
from onlineticket.domain.errors import Unavailable
from onlineticket.door.wiring import SWEEP, Door, open_door, redrive_queue
from onlineticket.settings import MissingSetting
from onlineticket.store import audit, consumptions, owner_checks, sweeps
from onlineticket.store.audit import Head


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m onlineticket.door", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="check-ins, owner checks, dead letters")
    commands.add_parser("sweep", help="settle what Postgres lacks of the whole table, now")
    commands.add_parser("redrive", help="settle what the dead-letter queue stands for")
    commands.add_parser("check-owners", help="ask the chain about those who came in")
    commands.add_parser("account", help="who uses tickets on chain, and whether it may")
    verify = commands.add_parser("verify-audit", help="walk the audit log's chains")
    verify.add_argument(
        "--head", action="append", default=[], metavar="CHAIN=NUMBER:HASH",
        help="a newest link that a log told of earlier",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    try:
        return _COMMANDS[options.command](open_door(_say), options)
    except (Unavailable, MissingSetting) as error:
        print(error, file=sys.stderr)
        return 1
    except _WrongHead as error:
        parser.error(str(error))


def _say(name: str, error: Exception) -> None:
    print(f"{name} is not settled: {type(error).__name__}: {error}", file=sys.stderr)


def _status(door: Door, _: argparse.Namespace) -> int:
    suite_id = resources.suite_id()
    checks, uses = (
        owner_checks.counts(door.conn, suite_id),
        consumptions.counts(door.conn, suite_id),
    )
    letters = _dead_letters()
    print(f"suite            {suite_id}")
    print(f"swept            {sweeps.rounds(door.conn, SWEEP)} times whole")
    for outcome in ("match", "mismatch", "unchecked"):
        print(f"owner {outcome:10} {checks.get(outcome, 0)}")
    for state in ("waiting", "sent", "done", "given_up"):
        print(f"on chain {state:8}{uses.get(state, 0)}")
    for flag, count in owner_checks.flag_counts(door.conn, suite_id).items():
        print(f"flagged          {count} {flag}")
    print(f"dead letters     {letters}")
    return 4 if letters else 0


def _sweep(door: Door, _: argparse.Namespace) -> int:
    before, failed = sweeps.rounds(door.conn, SWEEP), 0
    # To the end of the table, and then from its beginning to where the first round began.
    for _turn in range(2):
        swept = door.sweep(lambda: True)
        failed += swept.failed
        print(
            f"{swept.items} items looked at, {swept.settled} lines settled, {swept.failed} failed"
        )
    assert sweeps.rounds(door.conn, SWEEP) == before + 2
    return 4 if failed else 0


def _redrive(door: Door, _: argparse.Namespace) -> int:
    done = redrive_queue(door, _client("sqs"), _queue_url(), _client("dynamodbstreams"))
    how = ", the whole table gone through" if done.swept else ""
    print(f"{done.messages} messages, {done.items} items read{how}, {done.settled} lines settled")
    if done.left:
        print(f"{done.left} messages are left", file=sys.stderr)
    return 4 if done.left else 0


def _check_owners(door: Door, _: argparse.Namespace) -> int:
    done = door.check_owners(int(time()), asked_again=-1)
    print(f"{done.matches} match, {done.mismatches} differ, {done.unchecked} not known yet")
    return 0


def _account(_: Door, __: argparse.Namespace) -> int:
    from onlineticket.chain.kms_signer import open_signer
    from onlineticket.chain.use_ticket import TicketUser

    suite = settings.current_suite()
    signer = open_signer(resources.kms(), settings.required("CONSUME_KEY_ID"))
    user = TicketUser(
        Node(resources.rpc_url()), suite.chain_id, suite.ticket_manager, signer.address, signer.sign
    )  # fmt: skip
    may_use = user.may_use()
    print(f"address          {checksum(signer.address)}")
    print(f"authorized       {'yes' if may_use else 'no: setVerifierAuthorization(address, true)'}")
    print(f"balance          {user.balance()} wei")
    print(f"transactions     {user.next_nonce()}")
    return 0 if may_use else 4


def _verify_audit(door: Door, options: argparse.Namespace) -> int:
    known = [_head(text) for text in options.head]
    found = audit.heads(door.conn)
    broken = 0
    for chain in sorted({head.chain for head in (*found, *known)}):
        fault = audit.verify(door.conn, chain, known)
        if fault:
            broken += 1
            print(f"{chain}: link {fault.link}: {fault.reason}", file=sys.stderr)
    for head in found:
        print(f"{head.chain}={head.number}:{head.hash.hex()}")
    return 4 if broken else 0


class _WrongHead(ValueError):
    pass


def _head(text: str) -> Head:
    chain, _, rest = text.rpartition("=")
    number, _, hashed = rest.partition(":")
    try:
        return Head(chain, int(number), bytes.fromhex(hashed))
    except ValueError as error:
        raise _WrongHead(f"not of the form CHAIN=NUMBER:HASH: {text}") from error


def _dead_letters() -> int:
    attributes = _client("sqs").get_queue_attributes(
        QueueUrl=_queue_url(), AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def _queue_url() -> str:
    return settings.required("SETTLE_DEAD_LETTERS_URL")


def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)


_COMMANDS: dict[str, Callable[[Door, argparse.Namespace], int]] = {
    "status": _status,
    "sweep": _sweep,
    "redrive": _redrive,
    "check-owners": _check_owners,
    "account": _account,
    "verify-audit": _verify_audit,
}

if __name__ == "__main__":
    sys.exit(main())
