"""Migration 0007 on a database that has rows: what it fills in is what the indexer writes."""

from onlineticket.store import migrate
from tests import snapshots
from tests.reading import ALICE, ORGANIZER, Rows

UP, DOWN = (migrate.FOLDER / f"0007.read_api{end}.sql" for end in ("", ".rollback"))


def test_rows_from_before_get_what_the_indexer_writes_now(rows: Rows) -> None:
    for event_id, name in enumerate(("夜曲 Nocturne", "STRASSE straße", "", "a" * 300), 1):
        rows.event(event_id, name=name, venue=None if event_id == 3 else "Ölmühle ①")
    rows.ticket(1, event_id=2)
    rows.ticket(2, event_id=None)
    rows.listing(1, 1)
    rows.listing(2, 2)
    rows.listing(3, 99)  # of a ticket that is not indexed
    rows.auction(1, 1)
    rows.sale(1, event_id=1)
    rows.resale(2, 1)
    before = snapshots.take(rows.conn, snapshots.DERIVED)
    rows.conn.execute(DOWN.read_bytes())
    lost = rows.conn.execute("SELECT side, event_id, seller FROM trades ORDER BY side").fetchall()
    assert lost == [("primary", 1, None), ("secondary", None, ALICE)]
    rows.conn.execute(UP.read_bytes())
    assert snapshots.take(rows.conn, snapshots.DERIVED) == before
    kept = rows.conn.execute("SELECT side, event_id, seller FROM trades ORDER BY side").fetchall()
    assert kept == [("primary", 1, ORGANIZER), ("secondary", 2, ALICE)]
