-- The door in full: re-entry, exits, undo, scans made offline, and the organizer's rules for it.
-- depends: 0002.reconciliations

-- A row for each line of a ticket's journal (domain/passage.py), not for each ticket. Who counts
-- people let in wants those with kind 'entry' and standing 'regular'.
ALTER TABLE check_ins
    ADD COLUMN number      integer NOT NULL DEFAULT 1,   -- of the line, from 1
    ADD COLUMN kind        text NOT NULL DEFAULT 'entry' CHECK (kind IN ('entry', 'exit', 'undo')),
    ADD COLUMN standing    text NOT NULL DEFAULT 'regular'
        CHECK (standing IN ('regular', 'double', 'irregular', 'stray', 'undone')),
    ADD COLUMN version     integer NOT NULL DEFAULT 1,   -- of the journal that `standing` is from
    ADD COLUMN offline     boolean NOT NULL DEFAULT false,
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN epoch       bigint,                       -- transfers of the ticket, by its code
    ADD COLUMN max_entries integer NOT NULL DEFAULT 1,   -- the rule in force then
    ADD COLUMN refusal     text,                         -- of an irregular one: why not
    ADD COLUMN undoes      integer,                      -- the line that an undo takes back
    ADD COLUMN reason      text;                         -- the supervisor's
DROP INDEX check_ins_once;
ALTER TABLE check_ins DROP CONSTRAINT check_ins_pkey, ADD PRIMARY KEY (suite_id, token_id, number);
CREATE UNIQUE INDEX check_ins_by_scan ON check_ins (suite_id, verifier_id, scan_id)
    WHERE kind <> 'undo';

CREATE TABLE door_rules (                -- own truth; null: what holds for the event, or by default
    suite_id     smallint NOT NULL,
    event_id     uint256 NOT NULL,
    type_id      uint256,                -- null: the event's own row
    max_entries  integer CHECK (max_entries BETWEEN 1 AND 50),
    opens_before integer CHECK (opens_before BETWEEN 0 AND 172800),  -- seconds before its start
    closes_after integer CHECK (closes_after BETWEEN 0 AND 172800),  -- seconds after its end
    set_by       wallet_address,
    set_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (suite_id, event_id, type_id),
    CHECK (type_id IS NULL OR (opens_before IS NULL AND closes_after IS NULL))
);

-- As before, of the newest regular entry; then how often the ticket came in and left.
CREATE OR REPLACE VIEW ticket_states AS
SELECT t.*,
       t.category AS type_id,
       c.admitted_at,
       c.admitted_gate,
       CASE WHEN t.status = 'valid' AND c.entries > 0 THEN 'used' ELSE t.status END
           AS effective_status,
       c.entries,
       c.exits
FROM tickets t
CROSS JOIN LATERAL (
    SELECT max(admitted_at) FILTER (WHERE kind = 'entry') AS admitted_at,
           (array_agg(gate ORDER BY admitted_at DESC) FILTER (WHERE kind = 'entry'))[1]
               AS admitted_gate,
           count(*) FILTER (WHERE kind = 'entry') AS entries,
           count(*) FILTER (WHERE kind = 'exit') AS exits
    FROM check_ins
    WHERE suite_id = t.suite_id AND token_id = t.token_id AND standing = 'regular'
) c;

-- Check-ins that people should look at: a row for each reason. What the chain makes of them is
-- asked when it is read, so that a reorg flags them, and its end clears them, with no write here.
CREATE VIEW check_in_flags AS
SELECT c.suite_id, c.event_id, c.token_id, c.number, c.verifier_id, c.scan_id, c.gate,
       c.admitted_at, f.flag
FROM check_ins c
LEFT JOIN tickets t ON t.suite_id = c.suite_id AND t.token_id = c.token_id
CROSS JOIN LATERAL (VALUES
    (c.standing = 'double', 'double'),
    (c.standing = 'irregular', 'irregular'),
    (c.standing = 'stray', 'stray'),
    (t.token_id IS NULL, 'ticket_gone'),
    (t.transfers < c.epoch, 'transfer_gone'),
    (t.transfers = c.epoch AND t.holder <> c.holder, 'holder_differs')
) AS f (raised, flag)
WHERE f.raised AND c.kind <> 'undo' AND c.standing <> 'undone';
