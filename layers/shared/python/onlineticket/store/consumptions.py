"""Tickets to be used on chain, and the nonces of who uses them (tables consumptions, senders: own
truth). What each state means: usecases/consume.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain.consumption import Consumption, Fees
from onlineticket.domain.types import SuiteId, TokenId, WalletAddress, Wei

if TYPE_CHECKING:
    from psycopg import Connection

REOPENED = 86_400
"""Seconds for which a use is watched: deeper reorganisations stop the indexer."""


@dataclass(frozen=True, slots=True)
class PostgresLedger:
    """`conn` in autocommit; each method commits."""

    conn: "Connection[Any]"
    suite_id: SuiteId
    chain_id: int
    sender: WalletAddress

    def enqueue(self, before: int) -> int:
        return self.conn.execute(_ENQUEUE, self._own(before=before)).rowcount

    def follow_index(self, now: int) -> int:
        self.conn.execute(_REOPEN, self._own(now=now, reopened=REOPENED))
        return self.conn.execute(_DONE, self._own(now=now)).rowcount

    def in_flight(self) -> list[Consumption]:
        # Of every suite on the chain: they share the account's nonces.
        return self._read("chain_id = %(chain_id)s AND sender = %(sender)s AND state = 'sent'")

    def due(self, now: int, limit: int) -> list[Consumption]:
        return self._read(
            "suite_id = %(suite_id)s AND state = 'waiting'"
            " AND next_try_at <= to_timestamp(%(now)s)",
            "next_try_at, token_id LIMIT %(limit)s",
            now=now,
            limit=limit,
        )

    def validity(self, token_id: TokenId) -> tuple[int, int] | None:
        row = self.conn.execute(_VALIDITY, self._own(token_id=token_id)).fetchone()
        return None if row is None or row[0] is None else (row[0], row[1])

    def version(self) -> int:
        row = self.conn.execute(_VERSION, self._own()).fetchone()
        assert row is not None  # an upsert returns its row
        return int(row[0])

    def take(
        self, one: Consumption, version: int, nonce: int, raw: bytes, hash_: bytes, fees: Fees,
        now: int,
    ) -> bool:  # fmt: skip
        with self.conn.transaction() as transaction:
            moved = self.conn.execute(_MOVE, self._own(version=version)).rowcount
            parameters = self._of(one, raw, hash_, fees, now) | {"nonce": nonce}
            if moved and self.conn.execute(_TAKE, parameters).rowcount:
                return True
            from psycopg import Rollback

            raise Rollback(transaction)
        return False

    def replace(self, one: Consumption, raw: bytes, hash_: bytes, fees: Fees, now: int) -> bool:
        parameters = self._of(one, raw, hash_, fees, now)
        return self.conn.execute(_REPLACE, parameters | {"was": one.raw}).rowcount == 1

    def put_back(self, one: Consumption, reason: str, next_try_at: int) -> None:
        self._move_on(one, "waiting", reason, next_try_at, 1)

    def postpone(self, one: Consumption, reason: str, until: int) -> None:
        self._move_on(one, "waiting", reason, until, 0)

    def give_up(self, one: Consumption, reason: str) -> None:
        self._move_on(one, "given_up", reason, 0, 1)

    def _move_on(self, one: Consumption, to: str, reason: str, at: int, attempts: int) -> None:
        parameters = self._own(
            suite_id=one.suite_id, token_id=one.token_id, was=one.state, to=to, at=at,
            attempts=attempts, reason=reason.replace("\0", ""),
        )  # fmt: skip
        self.conn.execute(_MOVE_ON, parameters)

    def _read(self, where: str, order: str = "nonce", **more: Any) -> list[Consumption]:
        query = f"""
            SELECT suite_id, token_id, state, attempts, nonce, raw, hashes, max_fee, tip,
                   extract(epoch FROM sent_at)::bigint
            FROM consumptions WHERE {where} ORDER BY {order}
        """
        return [_consumption(row) for row in self.conn.execute(query.encode(), self._own(**more))]

    def _of(
        self, one: Consumption, raw: bytes, hash_: bytes, fees: Fees, now: int
    ) -> dict[str, Any]:
        return self._own(
            suite_id=one.suite_id, token_id=one.token_id, attempts=one.attempts, raw=raw,
            hash=hash_, max_fee=fees.max_fee, tip=fees.tip, now=now,
        )  # fmt: skip

    def _own(self, **more: Any) -> dict[str, Any]:
        own = {"suite_id": self.suite_id, "chain_id": self.chain_id, "sender": self.sender}
        return own | more


def counts(conn: "Connection[Any]", suite_id: SuiteId) -> Mapping[str, int]:
    """How many there are in each state."""
    return dict(
        conn.execute(
            "SELECT state, count(*) FROM consumptions WHERE suite_id = %s GROUP BY state",
            [suite_id],
        ).fetchall()
    )


def _consumption(row: Any) -> Consumption:
    suite_id, token_id, state, attempts, nonce, raw, hashes, max_fee, tip, sent_at = row
    return Consumption(
        SuiteId(suite_id), TokenId(token_id), state, attempts, nonce, raw, tuple(hashes),
        None if max_fee is None else Fees(Wei(max_fee), None if tip is None else Wei(tip)), sent_at,
    )  # fmt: skip


# A ticket that may come in again is left alone: used on chain, no door would let it in.
_ENQUEUE = """
    INSERT INTO consumptions (suite_id, token_id, next_try_at)
    SELECT DISTINCT c.suite_id, c.token_id, to_timestamp(%(before)s)
    FROM check_ins c JOIN tickets t USING (suite_id, token_id)
    WHERE c.suite_id = %(suite_id)s AND c.kind = 'entry' AND c.standing = 'regular'
      AND c.max_entries = 1 AND c.recorded_at < to_timestamp(%(before)s) AND t.status = 'valid'
      AND NOT EXISTS (SELECT FROM consumptions o
                      WHERE o.suite_id = c.suite_id AND o.token_id = c.token_id)
    ON CONFLICT DO NOTHING
"""
_DONE = """
    UPDATE consumptions c SET state = 'done', done_at = to_timestamp(%(now)s), reason = NULL
    FROM tickets t
    WHERE c.suite_id = %(suite_id)s AND c.state <> 'done'
      AND t.suite_id = c.suite_id AND t.token_id = c.token_id AND t.status = 'used'
"""
_REOPEN = """
    UPDATE consumptions c
    SET state = CASE WHEN raw IS NULL OR sender <> %(sender)s
                          OR EXISTS (SELECT FROM consumptions o
                                     WHERE o.chain_id = c.chain_id AND o.sender = c.sender
                                       AND o.nonce = c.nonce AND o.state = 'sent')
                     THEN 'waiting' ELSE 'sent' END,
        next_try_at = to_timestamp(%(now)s), reason = 'REORGED'
    FROM tickets t
    WHERE c.suite_id = %(suite_id)s AND c.state = 'done'
      AND c.done_at > to_timestamp(%(now)s) - make_interval(secs => %(reopened)s)
      AND t.suite_id = c.suite_id AND t.token_id = c.token_id AND t.status = 'valid'
"""
_VALIDITY = """
    SELECT extract(epoch FROM valid_from)::bigint, extract(epoch FROM valid_until)::bigint
    FROM tickets WHERE suite_id = %(suite_id)s AND token_id = %(token_id)s
"""
_VERSION = """
    INSERT INTO senders (chain_id, address) VALUES (%(chain_id)s, %(sender)s)
    ON CONFLICT (chain_id, address) DO UPDATE SET version = senders.version
    RETURNING version
"""
_MOVE = """
    UPDATE senders SET version = version + 1
    WHERE chain_id = %(chain_id)s AND address = %(sender)s AND version = %(version)s
"""
_TAKE = """
    UPDATE consumptions
    SET state = 'sent', chain_id = %(chain_id)s, sender = %(sender)s, nonce = %(nonce)s,
        raw = %(raw)s, hashes = ARRAY[%(hash)s::bytea], max_fee = %(max_fee)s, tip = %(tip)s,
        sent_at = to_timestamp(%(now)s), reason = NULL
    WHERE suite_id = %(suite_id)s AND token_id = %(token_id)s AND state = 'waiting'
      AND attempts = %(attempts)s
"""
_REPLACE = """
    UPDATE consumptions
    SET raw = %(raw)s, hashes = hashes || %(hash)s::bytea, max_fee = %(max_fee)s, tip = %(tip)s,
        sent_at = to_timestamp(%(now)s)
    WHERE suite_id = %(suite_id)s AND token_id = %(token_id)s AND state = 'sent' AND raw = %(was)s
"""
_MOVE_ON = """
    UPDATE consumptions
    SET state = %(to)s, attempts = attempts + %(attempts)s, reason = %(reason)s,
        next_try_at = to_timestamp(%(at)s)
    WHERE suite_id = %(suite_id)s AND token_id = %(token_id)s AND state = %(was)s
"""
