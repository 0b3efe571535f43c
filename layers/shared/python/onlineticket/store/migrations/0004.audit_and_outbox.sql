-- depends: 0003.door
-- What was done, and what is to be told: both our own truth, no reorg or rebuild touches them.
--   audit_log    who did what, when, from where; never changed, chained by hashes (domain/audit.py)
--   outbox       what happened, for those who want to be told; written where it happened
-- and what becomes of a check-in on chain:
--   owner_checks whether the chain agrees on who came in
--   consumptions, senders: using tickets on chain, where a stage does
--   sweeps       how far the table `redemptions` has been compared with check_ins

CREATE TABLE audit_links (               -- one batch of entries each; its hash covers the last one's
    chain      text NOT NULL,            -- 'event:<suite>:<event>', or 'platform' for the rest
    number     bigint NOT NULL CHECK (number > 0),
    entries    integer NOT NULL CHECK (entries > 0),
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (chain, number)
);

CREATE TABLE audit_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain       text NOT NULL,
    link        bigint NOT NULL,
    position    integer NOT NULL,        -- within the link, from 0
    happened_at bigint NOT NULL,         -- Unix seconds: hashed as it stands
    actor       text NOT NULL,           -- wallet:0x…, verifier:<id>, system:<function>
    action      text NOT NULL,           -- door.admitted, qr.issued, …
    subject     text,                    -- ticket:<id>, verifier:<id>, …
    source      text,                    -- from where: an address, a gate
    details     jsonb NOT NULL,
    once        text,                    -- what makes a replay of the same entry known
    FOREIGN KEY (chain, link) REFERENCES audit_links,
    UNIQUE (chain, link, position)
);
CREATE UNIQUE INDEX audit_log_once ON audit_log (chain, once) WHERE once IS NOT NULL;
CREATE INDEX audit_log_by_actor ON audit_log (actor, id);
CREATE INDEX audit_log_by_subject ON audit_log (subject, id);

CREATE TABLE audit_heads (               -- the newest link of each chain: who appends holds its row
    chain  text PRIMARY KEY,
    number bigint NOT NULL,
    hash   bytea NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION refuse_step_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.chain <> OLD.chain OR NEW.number NOT IN (OLD.number, OLD.number + 1)
       OR (NEW.number = OLD.number AND NEW.hash <> OLD.hash) THEN
        RAISE EXCEPTION 'audit_heads only goes on' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_on BEFORE UPDATE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_step_back();

CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,          -- door.admitted, ticket.transferred, …
    entity       text NOT NULL,          -- in whose order it is published: ticket:<suite>:<id>
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz             -- null until it is
);
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;

CREATE TABLE owner_checks (              -- one for each time somebody came in: a line of check_ins
    suite_id    smallint NOT NULL,
    token_id    uint256 NOT NULL,
    number      integer NOT NULL,
    outcome     text NOT NULL DEFAULT 'unchecked'
        CHECK (outcome IN ('unchecked', 'match', 'mismatch')),
    reason      text,                    -- of a mismatch: OWNER_DIFFERS, NO_SUCH_TICKET, …
    owner       wallet_address,          -- ownerOf, as the chain answered
    attempts    integer NOT NULL DEFAULT 0,
    checked_at  timestamptz,
    PRIMARY KEY (suite_id, token_id, number)
);
CREATE INDEX owner_checks_open ON owner_checks (attempts, suite_id) WHERE outcome = 'unchecked';

-- All that people should look at: check_in_flags, and what the chain itself said of the owner.
CREATE VIEW door_flags AS
SELECT * FROM check_in_flags
UNION ALL
SELECT c.suite_id, c.event_id, c.token_id, c.number, c.verifier_id, c.scan_id, c.gate,
       c.admitted_at, lower(o.reason) AS flag
FROM owner_checks o JOIN check_ins c USING (suite_id, token_id, number)
WHERE o.outcome = 'mismatch' AND c.standing <> 'undone';

CREATE TABLE consumptions (              -- tickets to be used on chain (usecases/consume.py)
    suite_id    smallint NOT NULL,
    token_id    uint256 NOT NULL,
    state       text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sent', 'done', 'given_up')),
    attempts    integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    reason      text,                    -- why it waits, or was given up
    chain_id    bigint,                  -- from here on: the transaction, once there is one
    sender      wallet_address,
    nonce       bigint,
    raw         bytea,                   -- signed, as it is sent, and sent again until it is mined
    hashes      bytea[] NOT NULL DEFAULT '{}',  -- of all under this nonce, the newest last
    max_fee     numeric(78, 0),          -- wei per gas
    tip         numeric(78, 0),
    sent_at     timestamptz,
    done_at     timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (suite_id, token_id),
    CHECK (state <> 'sent' OR (nonce IS NOT NULL AND raw IS NOT NULL))
);
CREATE INDEX consumptions_due ON consumptions (next_try_at) WHERE state = 'waiting';
CREATE UNIQUE INDEX consumptions_nonce ON consumptions (chain_id, sender, nonce)
    WHERE state = 'sent';

CREATE TABLE senders (                   -- who signs them: whoever takes a nonce moves the version
    chain_id bigint NOT NULL,
    address  wallet_address NOT NULL,
    version  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (chain_id, address)
);

CREATE TABLE sweeps (
    name       text PRIMARY KEY,
    position   jsonb,                    -- where the next round goes on; null: at the beginning
    rounds     bigint NOT NULL DEFAULT 0,  -- times the whole table has been gone through
    updated_at timestamptz NOT NULL DEFAULT now()
);
