-- The tables of the first slice. Three kinds, which never mix:
--   indexer        what we fetched and how far we are
--   chain-derived  a fold over events_raw and contract_reads: may be dropped and rebuilt
--   own truth      users, check_ins, contracts_registry: no reorg or rebuild touches them
-- Times that the chain holds as uint256 are clamped to the end of year 9999 (domain/chain_log.py).

CREATE DOMAIN uint256 AS numeric(78, 0) CHECK (VALUE >= 0 AND VALUE < 2::numeric ^ 256);
CREATE DOMAIN wallet_address AS text CHECK (length(VALUE) = 42 AND VALUE = lower(VALUE));

-- Own truth ---------------------------------------------------------------------------------

CREATE TABLE contracts_registry (
    suite_id    smallint NOT NULL,
    chain_id    bigint NOT NULL,
    name        text NOT NULL,
    address     wallet_address NOT NULL,
    abi_version smallint NOT NULL DEFAULT 1,
    from_block  bigint NOT NULL,
    to_block    bigint,                 -- last block it may log in; null while in use
    PRIMARY KEY (suite_id, name, address),
    UNIQUE (chain_id, address)
);

CREATE TABLE users (
    wallet     wallet_address PRIMARY KEY,
    role       text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'organizer', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    signed_in_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE check_ins (
    suite_id       smallint NOT NULL,
    verifier_id    text NOT NULL,
    scan_id        uuid NOT NULL,
    token_id       uint256 NOT NULL,
    event_id       uint256 NOT NULL,
    gate           text,
    holder         wallet_address,       -- at the scan; null when the ticket check was deferred
    ticket_check   text NOT NULL CHECK (ticket_check IN ('done', 'deferred')),
    admitted_at    timestamptz NOT NULL,
    settled_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (suite_id, verifier_id, scan_id)
);
CREATE UNIQUE INDEX check_ins_once ON check_ins (suite_id, token_id);
CREATE INDEX check_ins_by_event ON check_ins (suite_id, event_id, admitted_at);

-- Indexer -----------------------------------------------------------------------------------

CREATE TABLE blocks_processed (          -- the cursor: all up to block_number is in the tables below
    suite_id     smallint PRIMARY KEY,
    chain_id     bigint NOT NULL,
    block_number bigint NOT NULL,
    block_hash   bytea NOT NULL,
    block_time   timestamptz NOT NULL,
    indexed_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE blocks (                    -- headers of the unfinalized window, empty blocks too
    suite_id    smallint NOT NULL,
    number      bigint NOT NULL,
    hash        bytea NOT NULL,
    parent_hash bytea NOT NULL,
    time        timestamptz NOT NULL,
    PRIMARY KEY (suite_id, number)
);

CREATE TABLE events_raw (
    suite_id     smallint NOT NULL,
    block_number bigint NOT NULL,
    block_hash   bytea NOT NULL,
    block_time   bigint NOT NULL,        -- Unix seconds, as the fold takes it
    tx_hash      bytea NOT NULL,
    log_index    integer NOT NULL,       -- within the block: changes if the tx is mined in another
    contract     text NOT NULL,          -- its name in contracts_registry
    address      bytea NOT NULL,
    event_sig    bytea NOT NULL,         -- topic 0
    subject      bytea,                  -- the topic that names the entity the log is about
    topics       bytea[] NOT NULL,
    data         bytea NOT NULL,
    processed    boolean NOT NULL,       -- false: unlisted, or in dead_letters
    PRIMARY KEY (block_hash, log_index)
);
CREATE INDEX events_raw_by_tx ON events_raw (tx_hash);
CREATE INDEX events_raw_by_block ON events_raw (suite_id, block_number, contract);
CREATE INDEX events_raw_by_subject ON events_raw (suite_id, contract, subject);

CREATE TABLE dead_letters (
    block_hash   bytea NOT NULL,
    log_index    integer NOT NULL,
    suite_id     smallint NOT NULL,
    block_number bigint NOT NULL,
    reason       text NOT NULL,
    attempts     integer NOT NULL DEFAULT 1,
    next_try_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (block_hash, log_index)
);

CREATE TABLE contract_reads (            -- what no log says, read by eth_call: a fold input too
    suite_id     smallint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('event', 'ticket_type', 'ticket', 'listing')),
    id           uint256 NOT NULL,       -- event, token or listing id
    sub_id       uint256 NOT NULL,       -- type id of a ticket type, else 0
    block_number bigint NOT NULL,
    block_hash   bytea NOT NULL,
    result       bytea NOT NULL,         -- the call's return data
    PRIMARY KEY (suite_id, kind, id, sub_id)
);
CREATE INDEX contract_reads_by_block ON contract_reads (suite_id, block_number);

-- Chain-derived -----------------------------------------------------------------------------
-- updated_block: the newest block whose log changed the row. read_block: the block of the contract
-- read that filled the columns below it; null until then.

CREATE TABLE events (
    suite_id      smallint NOT NULL,
    event_id      uint256 NOT NULL,
    organizer     wallet_address NOT NULL,
    name          text NOT NULL,
    start_time    timestamptz NOT NULL,
    end_time      timestamptz NOT NULL,  -- may lie before start_time: updateEvent allows it
    status        text NOT NULL CHECK (status IN ('draft', 'published', 'presale', 'onsale',
                  'sold_out', 'cancelled', 'ended', 'settled')),
    approved      boolean NOT NULL,
    revenue_token uint256 NOT NULL,      -- gross primary sales, by TicketPurchased
    revenue_eth   uint256 NOT NULL,
    created_block bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_block bigint NOT NULL,
    status_logged boolean NOT NULL,      -- an EventUpdated has set `status`
    approval_logged boolean NOT NULL,    -- an EventApproved has set `approved`
    read_block    bigint,
    description   text,
    image_url     text,
    venue         text,
    requires_approval boolean,
    PRIMARY KEY (suite_id, event_id)
);
CREATE INDEX events_by_start ON events (suite_id, start_time, event_id);
CREATE INDEX events_by_status ON events (suite_id, status, start_time, event_id);
CREATE INDEX events_by_organizer ON events (suite_id, organizer, start_time, event_id);
CREATE INDEX events_unread ON events (suite_id, event_id) WHERE read_block IS NULL;

CREATE TABLE ticket_types (
    suite_id      smallint NOT NULL,
    event_id      uint256 NOT NULL,
    type_id       uint256 NOT NULL,
    name          text NOT NULL,
    price         uint256 NOT NULL,      -- platform token; 0 = not for sale in it
    total_supply  uint256 NOT NULL,
    sold          uint256 NOT NULL,
    created_block bigint NOT NULL,
    updated_block bigint NOT NULL,
    read_block    bigint,
    eth_price     uint256,               -- wei; 0 = not for sale in ETH
    presale_start timestamptz,
    sale_start    timestamptz,
    sale_end      timestamptz,
    is_transferable boolean,
    presale_only  boolean,
    PRIMARY KEY (suite_id, event_id, type_id)
);
CREATE INDEX ticket_types_unread ON ticket_types (suite_id, event_id, type_id) WHERE read_block IS NULL;

CREATE TABLE tickets (
    suite_id       smallint NOT NULL,
    token_id       uint256 NOT NULL,
    event_id       uint256,              -- null until the mint's TicketMinted, later in its transaction
    owner          wallet_address NOT NULL,  -- ownerOf: the Marketplace while in escrow
    holder         wallet_address NOT NULL,  -- who put it in escrow, else the owner
    escrowed       boolean NOT NULL,     -- the Marketplace owns it
    transfers      bigint NOT NULL,      -- moves since the mint: the epoch of QR codes
    status         text NOT NULL CHECK (status IN ('valid', 'used', 'revoked', 'expired')),
    seat_number    uint256,              -- 0 = general admission
    original_price uint256,              -- the type's token price, even when ETH was paid
    original_buyer wallet_address,
    listing_id     uint256,              -- ACTIVE on chain (it may have expired); null if none
    auction_id     uint256,
    minted_block   bigint NOT NULL,
    minted_at      timestamptz NOT NULL,
    updated_block  bigint NOT NULL,
    read_block     bigint,
    category       uint256,              -- the type id for a purchase
    seat_section   text,
    valid_from     timestamptz,
    valid_until    timestamptz,
    is_transferable boolean,
    PRIMARY KEY (suite_id, token_id)
);
CREATE INDEX tickets_by_owner ON tickets (suite_id, owner, token_id);
CREATE INDEX tickets_by_holder ON tickets (suite_id, holder, token_id);
CREATE INDEX tickets_by_event ON tickets (suite_id, event_id, token_id);
CREATE INDEX tickets_unread ON tickets (suite_id, token_id) WHERE read_block IS NULL;

CREATE TABLE market_listings (
    suite_id      smallint NOT NULL,
    listing_id    uint256 NOT NULL,
    token_id      uint256 NOT NULL,
    seller        wallet_address NOT NULL,
    price         uint256 NOT NULL,
    eth_price     uint256 NOT NULL,
    expires_at    timestamptz NOT NULL,
    status        text NOT NULL CHECK (status IN ('active', 'sold', 'cancelled', 'expired')),
    buyer         wallet_address,
    sold_price    uint256,
    sold_in_eth   boolean,
    created_block bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    closed_at     timestamptz,
    updated_block bigint NOT NULL,
    read_block    bigint,
    accepts_eth   boolean,
    PRIMARY KEY (suite_id, listing_id)
);
CREATE INDEX market_listings_by_status ON market_listings (suite_id, status, listing_id);
CREATE INDEX market_listings_by_seller ON market_listings (suite_id, seller, listing_id);
CREATE INDEX market_listings_by_token ON market_listings (suite_id, token_id, listing_id);
CREATE INDEX market_listings_unread ON market_listings (suite_id, listing_id) WHERE read_block IS NULL;

CREATE TABLE auctions (
    suite_id       smallint NOT NULL,
    auction_id     uint256 NOT NULL,
    token_id       uint256 NOT NULL,
    seller         wallet_address NOT NULL,
    starting_price uint256 NOT NULL,
    eth_starting_price uint256 NOT NULL,
    reserve_price  uint256 NOT NULL,
    end_time       timestamptz NOT NULL,
    status         text NOT NULL CHECK (status IN ('active', 'ended', 'cancelled')),
    winner         wallet_address,
    winning_bid    uint256,
    won_in_eth     boolean,
    created_block  bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_block  bigint NOT NULL,
    PRIMARY KEY (suite_id, auction_id)
);
CREATE INDEX auctions_by_token ON auctions (suite_id, token_id);
CREATE INDEX auctions_by_status ON auctions (suite_id, status, auction_id);

CREATE TABLE bids (
    suite_id     smallint NOT NULL,
    block_number bigint NOT NULL,
    log_index    integer NOT NULL,
    auction_id   uint256 NOT NULL,
    bidder       wallet_address NOT NULL,
    amount       uint256 NOT NULL,
    in_eth       boolean NOT NULL,
    bid_at       timestamptz NOT NULL,
    PRIMARY KEY (suite_id, block_number, log_index)
);
CREATE INDEX bids_by_auction ON bids (suite_id, auction_id, block_number, log_index);

CREATE TABLE bid_balances (
    suite_id      smallint NOT NULL,
    wallet        wallet_address NOT NULL,
    token_balance numeric(79, 0) NOT NULL,   -- signed: no CHECK, the chain is right even if odd
    eth_balance   numeric(79, 0) NOT NULL,
    updated_block bigint NOT NULL,
    PRIMARY KEY (suite_id, wallet)
);

CREATE TABLE trades (                    -- a row per TicketPurchased (primary) or TicketSold
    suite_id     smallint NOT NULL,
    block_number bigint NOT NULL,
    log_index    integer NOT NULL,
    side         text NOT NULL CHECK (side IN ('primary', 'secondary')),
    event_id     uint256,                -- primary
    type_id      uint256,
    quantity     uint256 NOT NULL,
    listing_id   uint256,                -- secondary
    token_id     uint256,
    buyer        wallet_address NOT NULL,
    seller       wallet_address,         -- secondary; a primary seller is the event's organizer
    amount       uint256 NOT NULL,       -- the whole price, fee inside
    in_eth       boolean NOT NULL,
    traded_at    timestamptz NOT NULL,
    tx_hash      bytea NOT NULL,
    PRIMARY KEY (suite_id, block_number, log_index)
);
CREATE INDEX trades_by_buyer ON trades (suite_id, buyer, block_number, log_index);
CREATE INDEX trades_by_seller ON trades (suite_id, seller, block_number, log_index);
CREATE INDEX trades_by_event ON trades (suite_id, event_id, block_number, log_index);
CREATE INDEX trades_by_token ON trades (suite_id, token_id);

CREATE TABLE swaps (
    suite_id     smallint NOT NULL,
    block_number bigint NOT NULL,
    log_index    integer NOT NULL,
    wallet       wallet_address NOT NULL,
    token_in     wallet_address NOT NULL,    -- the zero address is ETH
    token_out    wallet_address NOT NULL,
    amount_in    uint256 NOT NULL,
    amount_out   uint256 NOT NULL,
    fee          uint256 NOT NULL,           -- in units of token_in
    swapped_at   timestamptz NOT NULL,
    tx_hash      bytea NOT NULL,
    PRIMARY KEY (suite_id, block_number, log_index)
);
CREATE INDEX swaps_by_wallet ON swaps (suite_id, wallet, block_number, log_index);

CREATE TABLE swap_pool (                 -- one row a suite
    suite_id      smallint PRIMARY KEY,
    reserve_token uint256 NOT NULL,
    reserve_eth   uint256 NOT NULL,
    swap_fee_rate uint256 NOT NULL,      -- basis points
    protocol_fee_rate uint256 NOT NULL,  -- percent of the fee
    token_price   uint256,
    eth_price     uint256,
    priced_at     timestamptz,
    updated_block bigint NOT NULL
);

CREATE TABLE organizers (
    suite_id   smallint NOT NULL,
    wallet     wallet_address NOT NULL,
    authorized boolean NOT NULL,
    withdrawn_token uint256 NOT NULL,
    withdrawn_eth   uint256 NOT NULL,
    updated_block bigint NOT NULL,
    PRIMARY KEY (suite_id, wallet)
);

CREATE TABLE ticket_verifiers (          -- accounts that may use or mint tickets on chain
    suite_id   smallint NOT NULL,
    wallet     wallet_address NOT NULL,
    may_use    boolean NOT NULL,
    may_mint   boolean NOT NULL,
    updated_block bigint NOT NULL,
    PRIMARY KEY (suite_id, wallet)
);

-- Effective status: used if checked in *or* used on chain; a view, never a write into `tickets`.
CREATE VIEW ticket_states AS
SELECT t.*,
       t.category AS type_id,
       c.admitted_at,
       c.gate AS admitted_gate,
       CASE WHEN t.status = 'valid' AND c.token_id IS NOT NULL THEN 'used' ELSE t.status END
           AS effective_status
FROM tickets t
LEFT JOIN check_ins c ON c.suite_id = t.suite_id AND c.token_id = t.token_id;
