"""Logs as they came (tables events_raw, dead_letters): the truth that all rows are folded from."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from onlineticket.domain.chain_log import DeadLetter, RawLog
from onlineticket.domain.types import SuiteId
from onlineticket.store import copy_text

if TYPE_CHECKING:
    from psycopg import Connection

Place = tuple[str, int]
"""A log's identity: the hash of its block, its index in it."""

_COLUMNS = (
    "events_raw (suite_id, block_number, block_hash, block_time, tx_hash, log_index, contract, "
    "address, event_sig, subject, topics, data, processed)"
)
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
TICKET_PURCHASED = bytes.fromhex("b06dd6b6199160148cf7da2a02a2e2fd41e744bc68f868a21806ad1fcb336f6d")

_NULL, _HEX = "\\N", "\\\\x"

SELECTED = (
    "block_number, encode(block_hash, 'hex'), block_time, encode(tx_hash, 'hex'), log_index, "
    "contract, encode(address, 'hex'), "
    "ARRAY(SELECT encode(one, 'hex') FROM unnest(topics) AS one), encode(data, 'hex')"
)
"""What a SELECT from events_raw needs for `parse`."""


def parse(row: tuple[Any, ...]) -> RawLog:
    number, block_hash, time, tx_hash, index, contract, address, topics, data = row
    return RawLog(
        number, f"0x{block_hash}", time, f"0x{tx_hash}", index, contract, f"0x{address}",
        [f"0x{topic}" for topic in topics], f"0x{data}",
    )  # fmt: skip


def written(
    suite_id: SuiteId, logs: Iterable[RawLog], unprocessed: Collection[Place]
) -> list[bytes]:
    """The logs as `insert` takes them."""
    return copy_text.parts(
        _line(suite_id, log, "ft"[(log.block_hash, log.log_index) not in unprocessed])
        for log in logs
    )


def insert(conn: "Connection[Any]", written: Iterable[bytes]) -> None:
    """Straight into the table: the caller holds the cursor, so these logs can't be there yet, and
    if ever they are, the primary key fails the whole commit rather than let one count twice.
    """
    copy_text.copy(conn, _COLUMNS, written)


def bury(conn: "Connection[Any]", suite_id: SuiteId, letters: Iterable[DeadLetter]) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO dead_letters (block_hash, log_index, suite_id, block_number, reason)
            VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (block_hash, log_index)
            DO UPDATE SET reason = EXCLUDED.reason, attempts = dead_letters.attempts + 1
            """,
            [
                (bytes.fromhex(log.block_hash[2:]), log.log_index, suite_id, log.block_number, why)
                for log, why in letters
            ],
        )


def subject_of(log: RawLog) -> str | None:
    """The topic that names what the log is about: a ticket, event, listing, auction or wallet.
    TokenSwap's are about its one pool.
    """
    topics = log.topics
    if log.contract == "TokenSwap" or len(topics) < 2:
        return None
    return topics[3] if topics[0] == TRANSFER and len(topics) == 4 else topics[1]


def _line(suite_id: SuiteId, log: RawLog, processed: str) -> str:
    number, block_hash, time, tx_hash, index, contract, address, topics, data = log
    hexes = [topic[2:] for topic in topics]
    subject = subject_of(log)
    # In an array a backslash is written twice, and twice again for COPY.
    array = "\\\\\\\\x" + ",\\\\\\\\x".join(hexes) if hexes else ""
    return (
        f"{suite_id}\t{number}\t\\\\x{block_hash[2:]}\t{time}\t\\\\x{tx_hash[2:]}\t{index}\t{contract}\t"
        f"\\\\x{address[2:]}\t\\\\x{hexes[0] if hexes else ''}\t"
        f"{_NULL if subject is None else _HEX + subject[2:]}\t{{{array}}}\t\\\\x{data[2:]}\t"
        f"{processed}\n"
    )
