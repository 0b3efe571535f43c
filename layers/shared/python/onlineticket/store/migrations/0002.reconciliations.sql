-- Each time the tables were put right: a reorg undone, a hole filled, a rebuild.

CREATE TABLE reconciliations (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    suite_id    smallint NOT NULL,
    cause       text NOT NULL CHECK (cause IN ('reorg', 'gap', 'dead_letters', 'repair', 'rebuild')),
    from_block  bigint NOT NULL,        -- the cursor before
    to_block    bigint NOT NULL,        -- the newest block that was left as it was
    depth       bigint NOT NULL,
    rows_undone bigint NOT NULL,        -- raw logs removed
    rows_added  bigint NOT NULL DEFAULT 0,  -- raw logs found missing
    happened_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reconciliations_by_time ON reconciliations (suite_id, happened_at);
