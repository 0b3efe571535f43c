"""The rows of a large platform, made by the database itself: 200,000 tickets in half a minute.

2,000 events in every status, the first of them a stadium; 6,000 ticket types; 200,000 tickets, of
which one wallet in twenty thousand holds a tenth; 20,000 listings; 100,000 trades; 500 auctions;
100,000 raw moves; 20,000 check-ins. `now` is in Unix seconds, and all times are around it.
"""

from typing import Any

from psycopg import Connection

from onlineticket.domain.suite import Suite
from onlineticket.store import registry
from onlineticket.store.tickets import TRANSFER

EVENTS, TICKETS, LISTINGS, TRADES, AUCTIONS = 2_000, 200_000, 20_000, 100_000, 500
CHECK_INS, MOVES = 20_000, 100_000
STADIUM = 1
"""The event that has a quarter of all tickets."""
BLOCK = 1_000_000

_WALLET = "'0x' || lpad(to_hex({}), 40, '0')"
ORGANIZER, WHALE, HOLDER = "0x" + f"{3:040x}", "0x" + f"{1:040x}", "0x" + f"{777:040x}"
"""One of fifty organizers; the wallet with 20,000 tickets; one with a few."""

_STATEMENTS = (
    f"""
    INSERT INTO events
    SELECT 1, id, {_WALLET.format("id % 50")},
        (ARRAY['夜曲', 'Nocturne', 'Jazz at', '爱乐乐团', 'Straßenfest'])[1 + id % 5] || ' '
            || md5(id::text),
        to_timestamp(%(now)s) + (id - 1000) * interval '3 hours',
        to_timestamp(%(now)s) + (id - 999) * interval '3 hours',
        (ARRAY['draft', 'published', 'presale', 'onsale', 'onsale', 'sold_out', 'cancelled',
               'ended', 'settled', 'ended'])[1 + id % 10],
        id % 10 BETWEEN 1 AND 9, id * 10::numeric ^ 20, 0, id, to_timestamp(%(now)s),
        {BLOCK} - id, true, true, {BLOCK}, repeat('An evening of music. ', 10),
        'ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
        (ARRAY['北京音乐厅', 'Gasthof', 'Opera', '大剧院'])[1 + id % 4] || ' ' || id % 97, true
    FROM generate_series(1, {EVENTS}) AS ids (id)
    """,
    "UPDATE events SET grams = search_grams(search_text(name, venue))",
    f"""
    INSERT INTO ticket_types
    SELECT 1, id, type_id, 'Type ' || type_id, (1 + type_id) * 10::numeric ^ 19, 100000,
        id % 1000, id, {BLOCK} - id, {BLOCK}, 10::numeric ^ 16,
        to_timestamp(%(now)s) - interval '9 days', to_timestamp(%(now)s) - interval '8 days',
        to_timestamp(%(now)s) + (id % 20 - 5) * interval '1 day', true, type_id = 2
    FROM generate_series(1, {EVENTS}) AS ids (id), generate_series(0, 2) AS types (type_id)
    """,
    f"""
    INSERT INTO tickets
    SELECT 1, id, CASE WHEN id % 4 = 0 THEN {STADIUM} ELSE 1 + id % {EVENTS} END,
        {_WALLET.format("CASE WHEN id % 10 = 0 THEN 1 ELSE 1 + id * 7919 % 20000 END")},
        {_WALLET.format("CASE WHEN id % 10 = 0 THEN 1 ELSE 1 + id * 7919 % 20000 END")},
        false, id % 3,
        (ARRAY['valid', 'valid', 'used', 'revoked', 'expired'])[1 + id / 10 % 5], id,
        10::numeric ^ 19, {_WALLET.format("1 + id % 20000")}, NULL, NULL, id,
        to_timestamp(%(now)s) - interval '9 days', {BLOCK} - 1, {BLOCK}, id % 3, 'A',
        to_timestamp(%(now)s), to_timestamp(%(now)s) + interval '9 days', true
    FROM generate_series(1, {TICKETS}) AS ids (id)
    """,
    f"""
    INSERT INTO market_listings (suite_id, listing_id, token_id, seller, price, eth_price,
        expires_at, status, created_block, created_at, updated_block, read_block, accepts_eth,
        event_id)
    SELECT 1, id, t.token_id, {_WALLET.format("1 + id % 3000")}, id % 1000 * 10::numeric ^ 17,
        id % 70 * 10::numeric ^ 15, to_timestamp(%(now)s) + (id % 200 - 60) * interval '1 hour',
        (ARRAY['active', 'active', 'sold', 'cancelled', 'expired'])[1 + id % 5], id,
        to_timestamp(%(now)s) - interval '8 days', {BLOCK} - 1, {BLOCK}, id % 3 > 0, t.event_id
    FROM generate_series(1, {LISTINGS}) AS ids (id)
    JOIN tickets t ON t.suite_id = 1 AND t.token_id = id * 10 - 3
    """,
    f"""
    INSERT INTO trades
    SELECT 1, id, 0, 'primary', 1 + id * 31 % {EVENTS}, id % 3, 1 + id % 4, NULL, NULL,
        {_WALLET.format("1 + id % 20000")}, {_WALLET.format("(1 + id * 31 % 2000) % 50")},
        id * 10::numeric ^ 18, id % 2 = 0, to_timestamp(%(now)s) - interval '7 days',
        decode(lpad(to_hex(id), 64, '0'), 'hex')
    FROM generate_series(1, {TRADES} * 4 / 5) AS ids (id)
    """,
    f"""
    INSERT INTO trades
    SELECT 1, {TRADES} + l.listing_id, 1, 'secondary', l.event_id, NULL, 1, l.listing_id,
        l.token_id, {_WALLET.format("1 + l.listing_id::bigint % 20000")}, l.seller,
        l.price, true, to_timestamp(%(now)s) - interval '6 days',
        decode(lpad(to_hex(l.listing_id::bigint), 64, '0'), 'hex')
    FROM market_listings l
    """,
    f"""
    INSERT INTO auctions (suite_id, auction_id, token_id, seller, starting_price,
        eth_starting_price, reserve_price, end_time, status, created_block, created_at,
        updated_block, event_id)
    SELECT 1, id, id * 10 - 1, {_WALLET.format("1 + id % 40")}, 1, 1, 1,
        to_timestamp(%(now)s) + (id % 40 - 20) * interval '1 day',
        (ARRAY['active', 'active', 'ended', 'cancelled'])[1 + id % 4], id, to_timestamp(%(now)s),
        {BLOCK} - 1, 1 + id % {EVENTS}
    FROM generate_series(1, {AUCTIONS}) AS ids (id)
    """,
    f"""
    INSERT INTO bids
    SELECT 1, id, 0, 1 + id % {AUCTIONS}, {_WALLET.format("1 + id % 20000")}, id, true,
        to_timestamp(%(now)s)
    FROM generate_series(1, 50 * {AUCTIONS}) AS ids (id)
    """,
    f"""
    INSERT INTO events_raw
    SELECT 1, id, decode(lpad(to_hex(id), 64, '0'), 'hex'), %(now)s,
        decode(lpad(to_hex(id), 64, '0'), 'hex'), 0, 'TicketManager', '\\x00', %(transfer)s,
        decode(lpad(to_hex(1 + id / 2), 64, '0'), 'hex'),
        ARRAY[%(transfer)s, decode(lpad('1', 64, '0'), 'hex'), decode(lpad('2', 64, '0'), 'hex'),
              decode(lpad(to_hex(1 + id / 2), 64, '0'), 'hex')]::bytea[],
        '\\x', true
    FROM generate_series(1, {MOVES}) AS ids (id)
    """,
    f"""
    INSERT INTO check_ins (suite_id, verifier_id, scan_id, token_id, event_id, gate, ticket_check,
        admitted_at)
    SELECT 1, 'v' || id % 9, gen_random_uuid(), 4 * id, {STADIUM}, 'Gate ' || id % 4, 'done',
        to_timestamp(%(now)s) - id * interval '1 second'
    FROM generate_series(1, {CHECK_INS}) AS ids (id)
    """,
    """
    UPDATE tickets t SET listing_id = l.listing_id, escrowed = true
    FROM market_listings l
    WHERE l.status = 'active' AND t.suite_id = l.suite_id AND t.token_id = l.token_id
    """,
    f"""
    INSERT INTO blocks_processed (suite_id, chain_id, block_number, block_hash, block_time)
    VALUES (1, 31337, {BLOCK}, '\\x00', to_timestamp(%(now)s))
    """,
)


def fill(conn: Connection[Any], suite: Suite, now: int) -> None:
    """Register the suite as the first, and write its rows, as if they had been indexed."""
    assert registry.register(conn, suite) == 1
    for statement in _STATEMENTS:
        text = statement.replace(" % ", " %% ")  # the operator, not a parameter
        conn.execute(text.encode(), {"now": now, "transfer": TRANSFER})
    conn.execute("VACUUM ANALYZE")
