"""One suite's tables as the indexer uses them: the IndexStore of usecases/ports.py."""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from onlineticket.domain.chain_log import Chunk, Cursor, DeadLetter, Header, LostRace, RawLog
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.folding.state import Keys, State
from onlineticket.domain.types import SuiteId
from onlineticket.store import cursor, projections, raw_logs, rebuilding, reconciling, repairing
from onlineticket.store.projections import Change

if TYPE_CHECKING:
    from psycopg import Connection


class PostgresIndex:
    """`conn` is in autocommit and this object's alone while a transaction is open."""

    def __init__(
        self,
        conn: "Connection[Any]",
        suite_id: SuiteId,
        chain_id: int,
        marketplaces: frozenset[str],
        pool_starts: tuple[int, ...] = (),
    ) -> None:
        self.conn = conn
        self.suite_id = suite_id
        self.chain_id = chain_id
        self.marketplaces = marketplaces
        self.pool_starts = pool_starts

    def cursor(self) -> Cursor | None:
        return cursor.find(self.conn, self.suite_id)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.conn.transaction():
            if not cursor.try_lock(self.conn, self.suite_id):
                raise LostRace
            yield

    @contextmanager
    def waiting_transaction(self) -> Iterator[None]:
        with self.conn.transaction():
            cursor.lock(self.conn, self.suite_id)
            yield

    def advance(self, known: Cursor | None, to: Header) -> None:
        if not cursor.advance(self.conn, self.suite_id, self.chain_id, known, to):
            raise LostRace

    def keep_headers(self, headers: Sequence[Header], finalized: int) -> None:
        cursor.keep_headers(self.conn, self.suite_id, headers, finalized)

    def prepared(self, chunk: Chunk) -> Chunk:
        chunk.written = self._written(chunk)
        return chunk

    def _written(self, chunk: Chunk) -> list[bytes]:
        unprocessed = {(log.block_hash, log.log_index) for log in chunk.unlisted}
        unprocessed |= {(log.block_hash, log.log_index) for log, _ in chunk.malformed}
        return raw_logs.written(self.suite_id, chunk.raw, unprocessed)

    @contextmanager
    def inserting(self, chunk: Chunk) -> Iterator[None]:
        # The server's work on raw logs and ours on the fold take about as long: side by side.
        with ThreadPoolExecutor(1, thread_name_prefix="insert") as pool:
            inserted = pool.submit(self.insert_raw, chunk)
            yield
            inserted.result()

    def insert_raw(self, chunk: Chunk) -> None:
        written = self._written(chunk) if chunk.written is None else chunk.written
        raw_logs.insert(self.conn, written)
        raw_logs.bury(self.conn, self.suite_id, chunk.malformed)

    def load(self, keys: Keys) -> State:
        state = projections.load(self.conn, self.suite_id, self.marketplaces, keys)
        state.pool_starts = self.pool_starts
        return state

    def changes(self, state: State) -> Sequence[Change]:
        return projections.changes(self.suite_id, state)

    def save(self, changes: Sequence[Change]) -> None:
        projections.save(self.conn, self.suite_id, changes)

    def header_hashes(self) -> dict[int, str]:
        return cursor.header_hashes(self.conn, self.suite_id)

    def remove_above(self, block_number: int) -> list[RawLog]:
        return reconciling.remove_above(self.conn, self.suite_id, block_number)

    def group(self, keys: Keys) -> Keys:
        return reconciling.group(self.conn, self.suite_id, keys)

    def forget(self, keys: Keys) -> None:
        reconciling.forget(self.conn, self.suite_id, keys)

    def raw_of(self, keys: Keys) -> list[RawLog]:
        return reconciling.raw_of(self.conn, self.suite_id, keys)

    def reads_of(self, keys: Keys) -> list[tuple[Subject, int, str, str]]:
        return reconciling.reads_of(self.conn, self.suite_id, keys)

    def primary_sales(self, keys: Keys) -> list[tuple[int, int, int, int, int, int]]:
        return reconciling.primary_sales(self.conn, self.suite_id, keys)

    def name_trades(self, keys: Keys) -> None:
        projections.name_trades(self.conn, self.suite_id, keys.tickets)

    def mark(self, fitting: Collection[RawLog], misfits: Sequence[DeadLetter]) -> None:
        reconciling.mark(self.conn, self.suite_id, fitting, misfits)

    def record(self, cause: str, from_block: int, to_block: int, undone: int, added: int) -> None:
        reconciling.record(self.conn, self.suite_id, cause, from_block, to_block, undone, added)

    def drop_reads_above(self, block_number: int) -> Keys:
        return reconciling.drop_reads_above(self.conn, self.suite_id, block_number)

    def places(self, first: int, last: int) -> set[tuple[str, int]]:
        return repairing.places(self.conn, self.suite_id, first, last)

    def block_hashes(self, first: int, last: int) -> list[tuple[int, str]]:
        return repairing.block_hashes(self.conn, self.suite_id, first, last)

    def add_raw(self, logs: Sequence[RawLog], unlisted: Collection[tuple[str, int]]) -> None:
        raw_logs.insert(self.conn, raw_logs.written(self.suite_id, logs, unlisted))

    def dead_letters(self) -> list[RawLog]:
        return repairing.dead_letters(self.conn, self.suite_id)

    def count_dead_letters(self) -> tuple[int, int]:
        return repairing.count_dead_letters(self.conn, self.suite_id)

    def postpone_dead_letters(self) -> None:
        repairing.postpone_dead_letters(self.conn, self.suite_id)

    def may_have_changed(self, now: int, limit: int) -> list[Subject]:
        return repairing.may_have_changed(self.conn, self.suite_id, now, limit)

    def raw_after(self, after: tuple[int, int]) -> Iterator[list[RawLog]]:
        return rebuilding.raw_after(self.conn, self.suite_id, after)

    def all_reads(self) -> Iterator[list[tuple[Subject, int, str, str]]]:
        return rebuilding.all_reads(self.conn, self.suite_id)

    def last_reconciliation(self) -> int:
        return rebuilding.last_reconciliation(self.conn)

    def swap(self) -> None:
        rebuilding.swap(self.conn)
        self.record("rebuild", 0, 0, 0, 0)

    def unread(self, limit: int, up_to_block: int) -> list[Subject]:
        """Rows whose contract read is missing, events first: people look at them first."""
        rows = self.conn.execute(
            """
            (SELECT 'event', event_id, 0 FROM events
             WHERE suite_id = %(suite)s AND read_block IS NULL AND created_block <= %(up_to)s
             ORDER BY event_id LIMIT %(limit)s)
            UNION ALL
            (SELECT 'ticket_type', event_id, type_id FROM ticket_types
             WHERE suite_id = %(suite)s AND read_block IS NULL AND created_block <= %(up_to)s
             ORDER BY event_id, type_id LIMIT %(limit)s)
            UNION ALL
            (SELECT 'listing', listing_id, 0 FROM market_listings
             WHERE suite_id = %(suite)s AND read_block IS NULL AND created_block <= %(up_to)s
             ORDER BY listing_id LIMIT %(limit)s)
            UNION ALL
            (SELECT 'ticket', token_id, 0 FROM tickets
             WHERE suite_id = %(suite)s AND read_block IS NULL AND minted_block <= %(up_to)s
             ORDER BY token_id LIMIT %(limit)s)
            LIMIT %(limit)s
            """,
            {"suite": self.suite_id, "limit": limit, "up_to": up_to_block},
        )
        return [Subject(*row) for row in rows]

    def save_reads(self, reads: Sequence[ContractRead]) -> None:
        with self.conn.cursor() as cur:
            cur.executemany(
                """
                INSERT INTO contract_reads
                    (suite_id, kind, id, sub_id, block_number, block_hash, result)
                VALUES (%s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (suite_id, kind, id, sub_id) DO UPDATE SET
                    block_number = EXCLUDED.block_number, block_hash = EXCLUDED.block_hash,
                    result = EXCLUDED.result
                """,
                [
                    (
                        self.suite_id, one.subject.kind, one.subject.id, one.subject.sub_id,
                        one.block_number, bytes.fromhex(one.block_hash[2:]),
                        bytes.fromhex(one.result[2:]),
                    )
                    for one in reads
                ],
            )  # fmt: skip
