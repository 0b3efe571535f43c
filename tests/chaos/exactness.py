"""Whether the rows are exactly those of the chain as it is now."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from psycopg import Connection

from onlineticket.chain.rpc import Node
from onlineticket.domain.chain_log import Cursor
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.indexer.wiring import Index
from onlineticket.usecases.repair import reread
from tests import snapshots
from tests.chaos import chain_answers
from tests.chaos.random_draw import WALLETS
from tests.chaos.random_trial import Trial, catch_up, every_read, patient_index
from tests.indexing import start_afresh


def differences(trial: Trial) -> list[str]:
    """None, if the rows are those of a fresh index that made its contract reads where ours made
    theirs (what changed silently since is stale in both), and if those of the fresh index, all
    read again at the head, are what the chain answers.
    """
    node = trial.season.stage.node
    ours = snapshots.take(trial.conn)
    found = [f"dead letter: {letter}" for letter in ours["dead_letters"]]
    found += _reads_off_chain(trial.conn, node)
    if found:
        return found
    start_afresh(trial.fresh)
    index = patient_index(trial.fresh)
    catch_up(replace(index, chain=replace(index.chain, read=_reads_as_in(trial.conn, index))))
    found += _unlike(ours, snapshots.take(trial.fresh))
    reread(index.chain, index.store, every_read(trial.fresh))
    wallets = [*WALLETS, trial.suite.event_manager]
    return found + chain_answers.differences(trial.fresh, node, trial.suite, wallets)


def _reads_as_in(
    conn: Connection[Any], index: Index
) -> Callable[[Sequence[Subject], Cursor], list[ContractRead]]:
    """Reads each row at the block where that database read it."""
    places = {
        Subject(kind, id_, sub_id): Cursor(number, f"0x{block_hash}")
        for kind, id_, sub_id, number, block_hash in conn.execute(
            "SELECT kind, id, sub_id, block_number, encode(block_hash, 'hex') FROM contract_reads"
        )
    }

    def read(subjects: Sequence[Subject], at: Cursor) -> list[ContractRead]:
        by_place: dict[Cursor, list[Subject]] = {}
        for subject in subjects:
            by_place.setdefault(places.get(subject, at), []).append(subject)
        return [one for place, some in by_place.items() for one in index.chain.read(some, place)]

    return read


def _reads_off_chain(conn: Connection[Any], node: Node) -> list[str]:
    rows = conn.execute(
        "SELECT DISTINCT block_number, '0x' || encode(block_hash, 'hex') FROM contract_reads"
    ).fetchall()
    headers = node.batch([("eth_getBlockByNumber", [hex(number), False]) for number, _ in rows])
    return [
        f"read at block {number}, {block_hash}, which is not on the chain"
        for (number, block_hash), header in zip(rows, headers, strict=True)
        if header is None or header["hash"] != block_hash
    ]


def _unlike(ours: dict[str, list[Any]], fresh: dict[str, list[Any]]) -> list[str]:
    return [
        f"{table}: only {whose}: {row}"
        for table in fresh
        for whose, rows, others in (
            ("ours", ours[table], fresh[table]), ("fresh", fresh[table], ours[table]),
        )
        for row in rows
        if row not in others
    ]  # fmt: skip
