-- depends: 0002.reconciliations
-- What users say of themselves, and roles given to wallets that have yet to sign in.

ALTER TABLE users
    ADD COLUMN display_name text CHECK (length(display_name) BETWEEN 1 AND 50),
    ADD COLUMN locale text CHECK (locale IN ('en', 'zh')),
    ADD COLUMN avatar_url text CHECK (length(avatar_url) BETWEEN 1 AND 512),
    ALTER COLUMN signed_in_at DROP NOT NULL,    -- null: never yet
    ALTER COLUMN signed_in_at DROP DEFAULT;
CREATE INDEX users_by_role ON users (role, created_at, wallet);
