"""The indexer for people: `python -m onlineticket.indexer COMMAND`.

It reads the same variables as the function (.env.example): CONTRACTS, RPC_URL, DB_URL. `repair`
and `rescan` are about the current suite, the others about all on its chain; --suite names one.
Exit codes: 0 done; 1 a dependency is away, try again; 2 wrong usage; 3 stopped, needs `repair`;
4 dead letters are left; 5 another writer, or another rebuild, is at work.
"""

import argparse
import sys
import time
from collections.abc import Callable

from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.errors import Conflict, IndexingStopped, Unavailable
from onlineticket.indexer.progress import Progress
from onlineticket.indexer.wiring import Index, open_indexes, open_shadows
from onlineticket.settings import MissingSetting
from onlineticket.store import database, rebuilding
from onlineticket.usecases import repair
from onlineticket.usecases.index_chain import Pass, run_pass
from onlineticket.usecases.rebuild import rebuild

TRIES = 10


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m onlineticket.indexer", description=__doc__)
    parser.add_argument("--suite", type=int, help="its id; else see above")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="how far the index is, and what is wrong with it")
    commands.add_parser("backfill", help="index from the cursor to the head, then stop")
    commands.add_parser("rebuild", help="fold every row anew from the raw logs, then swap")
    commands.add_parser("repair", help="after REORG_TOO_DEEP: go back to a block on the chain")
    commands.add_parser("replay-dead-letters", help="try again the logs that did not fit")
    rescan = commands.add_parser("rescan", help="ask the node again, and fill holes")
    rescan.add_argument("--from-block", type=int)
    rescan.add_argument("--to-block", type=int)
    options = parser.parse_args(arguments)
    try:
        return _patiently(lambda: _run(options))
    except (Unavailable, MissingSetting) as error:
        print(error, file=sys.stderr)
        return 1
    except IndexingStopped as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 3
    except Conflict as error:
        print(error, file=sys.stderr)
        return 5
    except LostRace:
        print("Another writer is at work; try again.", file=sys.stderr)
        return 5


def _run(options: argparse.Namespace) -> int:
    """The command for each suite that it is about; the worst of their exit codes."""
    if options.command == "rebuild":
        return _rebuild()
    indexes = open_indexes()
    if options.suite is not None:
        indexes = [one for one in indexes if one.store.suite_id == options.suite]
    elif options.command in _OF_ONE:
        indexes = indexes[:1]
    if not indexes:
        print(f"There is no suite {options.suite} on this chain.", file=sys.stderr)
        return 2
    return max(_COMMANDS[options.command](index, options) for index in indexes)


def _patiently(command: Callable[[], int]) -> int:
    """The indexer's function goes on beside us: whoever loses a race to it tries again."""
    for _ in range(TRIES - 1):
        try:
            return command()
        except LostRace:
            time.sleep(1)
    return command()


def _status(index: Index, _: argparse.Namespace) -> int:
    cursor, head = index.store.cursor(), index.chain.head()
    letters = len(index.store.dead_letters())
    number = index.from_block - 1 if cursor is None else cursor.number
    print(f"suite          {index.store.suite_id}")
    print(f"indexed block  {'none' if cursor is None else cursor.number}")
    print(f"head           {head.number}")
    print(f"lag            {head.number - number} blocks")
    print(f"raw logs       {rebuilding.raw_count(index.store.conn, index.store.suite_id)}")
    print(f"dead letters   {letters}")
    print(f"contract reads missing  {len(index.store.unread(100_000, number))}")
    return 4 if letters else 0


def _backfill(index: Index, _: argparse.Namespace) -> int:
    cursor, head = index.store.cursor(), index.chain.head()
    first = index.from_block if cursor is None else cursor.number + 1
    done = Pass()
    progress = Progress("blocks", head.number - first + 1)

    def keep_going() -> bool:
        progress.show(done.blocks, done.logs)
        return True

    # Until a pass moves nothing: also where the head is out of reach, e.g. while nodes disagree.
    before = None
    while before != (before := (done.blocks, done.reads, len(done.reorgs))):
        run_pass(index.chain, index.store, index.from_block, keep_going, done)
    progress.end(done.blocks, done.logs)
    print(f"{done.blocks} blocks, {done.logs} logs, {done.reads} contract reads")
    if done.cursor < head.number:
        print(f"The index is not at the head, block {head.number}; try again.", file=sys.stderr)
        return 1
    return 4 if done.dead_letters else 0


def _rebuild() -> int:
    with database.connect(database.conninfo()) as conn:
        suites = open_shadows(conn)
        total = sum(rebuilding.raw_count(conn, store.suite_id) for _, store in suites)
        progress = Progress("logs", total)
        rebuilding.begin(conn)
        try:
            logs = rebuild(suites, lambda logs: progress.show(logs, logs))
        finally:
            rebuilding.abandon(conn)
    progress.end(logs, logs)
    print(f"{logs} logs folded, tables swapped")
    return 0


def _repair(index: Index, _: argparse.Namespace) -> int:
    before, after = repair.repair(
        index.chain, index.store, index.from_block, lambda block: print(f"looking at {block}")
    )
    print(f"went back from block {before.number} to {after.number}; the indexer goes on from there")
    return 0


def _replay(index: Index, _: argparse.Namespace) -> int:
    tried, left = repair.replay_dead_letters(index.chain, index.store)
    print(f"{tried} dead letters, {tried - left} now fit, {left} left")
    return 4 if left else 0


def _rescan(index: Index, options: argparse.Namespace) -> int:
    cursor = index.store.cursor()
    if cursor is None:
        print("nothing is indexed yet")
        return 0
    first = index.from_block if options.from_block is None else options.from_block
    last = cursor.number if options.to_block is None else min(options.to_block, cursor.number)
    done = repair.rescan(index.chain, index.store, first, last)
    print(f"{done.blocks} blocks, {done.healed} logs healed, {done.doubtful} not shown by the node")
    return 0


_COMMANDS: dict[str, Callable[[Index, argparse.Namespace], int]] = {
    "status": _status,
    "backfill": _backfill,
    "repair": _repair,
    "replay-dead-letters": _replay,
    "rescan": _rescan,
}
_OF_ONE = ("repair", "rescan")

if __name__ == "__main__":
    sys.exit(main())
