-- What the lists of the read API ask: listings and trades by event, by price, events by words.
-- depends: 0002.reconciliations

-- Of the ticket, so that the lists of one event walk an index (store/projections.py keeps it).
ALTER TABLE market_listings ADD COLUMN event_id uint256;
ALTER TABLE auctions ADD COLUMN event_id uint256;
UPDATE market_listings l SET event_id = t.event_id
    FROM tickets t WHERE t.suite_id = l.suite_id AND t.token_id = l.token_id;
UPDATE auctions a SET event_id = t.event_id
    FROM tickets t WHERE t.suite_id = a.suite_id AND t.token_id = a.token_id;
UPDATE trades d SET event_id = t.event_id
    FROM tickets t
    WHERE d.side = 'secondary' AND t.suite_id = d.suite_id AND t.token_id = d.token_id;
UPDATE trades d SET seller = e.organizer
    FROM events e
    WHERE d.side = 'primary' AND e.suite_id = d.suite_id AND e.event_id = d.event_id;

-- Text search (domain/search.py): an event's characters and pairs of neighbours, as numbers, which
-- the indexer writes; and the same folding here, to look closer at what the index finds.
ALTER TABLE events ADD COLUMN grams bigint[];
CREATE FUNCTION search_fold(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN casefold(normalize($1, NFKC) COLLATE pg_unicode_fast);
CREATE FUNCTION search_text(name text, venue text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN left(casefold(
        normalize(left(name, 200) || ' ' || COALESCE(left(venue, 200), ''), NFKC)
        COLLATE pg_unicode_fast), 2000);
CREATE FUNCTION search_grams(folded text) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(
        SELECT DISTINCT gram
        FROM generate_series(1, length(folded)) AS places (place),
            LATERAL (VALUES
                (ascii(substr(folded, place, 1))::bigint),
                (CASE WHEN place < length(folded)
                 THEN (ascii(substr(folded, place, 1))::bigint << 21)
                      | ascii(substr(folded, place + 1, 1)) END)) AS grams (gram)
        WHERE gram IS NOT NULL
        ORDER BY gram);
UPDATE events SET grams = search_grams(search_text(name, venue));
-- A short list of what waits to be sorted in: it is searched from end to end.
CREATE INDEX events_by_grams ON events USING gin (grams) WITH (gin_pending_list_limit = 256);

CREATE INDEX events_by_status_id ON events (suite_id, status, event_id);
CREATE INDEX events_by_organizer_id ON events (suite_id, organizer, event_id);
CREATE INDEX events_selling ON events (suite_id, event_id)
    WHERE approved AND status IN ('presale', 'onsale');

CREATE INDEX market_listings_by_event ON market_listings (suite_id, event_id, listing_id);
CREATE INDEX market_listings_unsold ON market_listings (suite_id, listing_id)
    WHERE status IN ('active', 'expired');
CREATE INDEX market_listings_by_price ON market_listings (suite_id, price, listing_id)
    WHERE status = 'active' AND price > 0;
CREATE INDEX market_listings_by_eth_price ON market_listings (suite_id, eth_price, listing_id)
    WHERE status = 'active' AND eth_price > 0;
CREATE INDEX market_listings_by_expiry ON market_listings (suite_id, expires_at, listing_id)
    WHERE status = 'active';

CREATE INDEX auctions_by_event ON auctions (suite_id, event_id, auction_id);
CREATE INDEX auctions_by_seller ON auctions (suite_id, seller, auction_id);
CREATE INDEX trades_by_side ON trades (suite_id, side, block_number, log_index);
