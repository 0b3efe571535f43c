"""The audit log in Postgres (tables audit_log, audit_links, audit_heads: own truth, append-only).

`append` is called last in the transaction that it reports: it holds the chain's newest link until
the commit, and nobody else can append to that chain meanwhile. Call it once per transaction, with
all entries: two that append to two chains in turns would wait for each other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from onlineticket.domain.audit import BEGINNING, Entry, link_hash

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a chain."""

    chain: str
    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain's links and entries first disagree."""

    chain: str
    link: int
    reason: str


def append(conn: "Connection[Any]", entries: Iterable[Entry]) -> int:
    """Write the entries, one link for each chain among them; how many were new (see `once`).

    In autocommit it is a transaction of its own, else part of the caller's.
    """
    ordered = sorted(entries, key=lambda entry: entry.chain)
    written = 0
    with conn.transaction():
        # By name, so that two batches with the same chains never wait for each other.
        for chain, group in groupby(ordered, key=lambda entry: entry.chain):
            written += _append(conn, chain, [entry.written() for entry in group])
    return written


def heads(conn: "Connection[Any]") -> list[Head]:
    """The newest link of every chain: to be kept elsewhere, e.g. in a log (see `verify`)."""
    rows = conn.execute("SELECT chain, number, hash FROM audit_heads ORDER BY chain").fetchall()
    return [Head(*row) for row in rows]


def heads_moved(conn: "Connection[Any]", since: int) -> list[Head]:
    """The newest links of the chains that were appended to since then (Unix seconds)."""
    rows = conn.execute(
        """
        SELECT h.chain, h.number, h.hash
        FROM audit_heads h JOIN audit_links l USING (chain, number)
        WHERE l.written_at >= to_timestamp(%s) ORDER BY h.chain
        """,
        [since],
    )
    return [Head(*row) for row in rows.fetchall()]


def verify(conn: "Connection[Any]", chain: str, known: Sequence[Head] = ()) -> Broken | None:
    """Walk the whole chain; the first broken link, None if there is none. `known` are heads seen
    earlier: with them a cut end shows too.
    """
    with conn.transaction():
        # One moment's view: others append meanwhile.
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _first_broken(conn, chain, known)


def _first_broken(conn: "Connection[Any]", chain: str, known: Sequence[Head]) -> Broken | None:
    expected = {head.number: head.hash for head in known if head.chain == chain}
    previous, number = BEGINNING, 0
    for number, (link, count, stored, written) in enumerate(_links(conn, chain), start=1):
        if link != number:
            return Broken(chain, number, "the link is missing")
        if count != len(written) or [each.pop("position") for each in written] != list(
            range(count)
        ):
            return Broken(chain, number, "an entry is missing, or there are more")
        if link_hash(previous, chain, number, written) != stored:
            return Broken(chain, number, "an entry, or the link, was changed")
        if expected.get(number, stored) != stored:
            return Broken(chain, number, "the link is not the one seen before")
        previous = stored
    found = conn.execute("SELECT number, hash FROM audit_heads WHERE chain = %s", [chain])
    head = found.fetchone() or (0, BEGINNING)
    if head != (number, previous) or max(expected, default=0) > number:
        return Broken(chain, number + 1, "the end of the chain is missing, or not its own")
    return None


def _append(conn: "Connection[Any]", chain: str, written: list[dict[str, Any]]) -> int:
    from psycopg.types.json import Jsonb

    row = conn.execute(_HOLD_HEAD, [chain, BEGINNING]).fetchone()
    assert row is not None  # an upsert returns its row
    number, previous = row[0] + 1, row[1]
    written = _new(conn, chain, written)
    if not written:
        return 0
    hashed = link_hash(previous, chain, number, written)
    conn.execute(_INSERT_LINK, [chain, number, len(written), hashed])
    with conn.cursor() as cursor:
        cursor.executemany(
            _INSERT_ENTRY,
            [
                each | {"chain": chain, "link": number, "position": position}
                | {"details": Jsonb(each["details"])}
                for position, each in enumerate(written)
            ],
        )  # fmt: skip
    conn.execute(_MOVE_HEAD, [number, hashed, chain])
    return len(written)


def _new(
    conn: "Connection[Any]", chain: str, written: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Without what is there already, and without what comes twice."""
    names = [each["once"] for each in written if each["once"] is not None]
    if not names:
        return written
    rows = conn.execute(_KNOWN, [chain, names])
    seen = {name for (name,) in rows}
    new = []
    for each in written:
        if each["once"] is None or each["once"] not in seen:
            new.append(each)
            seen.add(each["once"])
    return new


def _links(
    conn: "Connection[Any]", chain: str
) -> Iterator[tuple[int, int, bytes, list[dict[str, Any]]]]:
    """(number, entries, hash, the entries found), in order; a page at a time."""
    after = 0
    while True:
        page = conn.execute(_LINKS, {"chain": chain, "after": after}).fetchall()
        if not page:
            return
        yield from page
        after = page[-1][0]


_HOLD_HEAD = """
    INSERT INTO audit_heads (chain, number, hash) VALUES (%s, 0, %s)
    ON CONFLICT (chain) DO UPDATE SET number = audit_heads.number
    RETURNING number, hash
"""
_KNOWN = "SELECT once FROM audit_log WHERE chain = %s AND once = ANY(%s)"
_INSERT_LINK = "INSERT INTO audit_links (chain, number, entries, hash) VALUES (%s, %s, %s, %s)"
_INSERT_ENTRY = """
    INSERT INTO audit_log (chain, link, position, happened_at, actor, action, subject, source,
                           details, once)
    VALUES (%(chain)s, %(link)s, %(position)s, %(at)s, %(actor)s, %(action)s, %(subject)s,
            %(source)s, %(details)s, %(once)s)
"""
_MOVE_HEAD = "UPDATE audit_heads SET number = %s, hash = %s WHERE chain = %s"
_LINKS = """
    SELECT l.number, l.entries, l.hash,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'actor', e.actor, 'action', e.action, 'at', e.happened_at,
                       'subject', e.subject, 'source', e.source, 'details', e.details,
                       'once', e.once, 'position', e.position) ORDER BY e.position), '[]')
            FROM audit_log e WHERE e.chain = l.chain AND e.link = l.number)
    FROM audit_links l
    WHERE l.chain = %(chain)s AND l.number > %(after)s
    ORDER BY l.number
    LIMIT 500
"""
