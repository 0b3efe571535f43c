DROP INDEX users_by_role;
UPDATE users SET signed_in_at = created_at WHERE signed_in_at IS NULL;
ALTER TABLE users
    DROP COLUMN display_name,
    DROP COLUMN locale,
    DROP COLUMN avatar_url,
    ALTER COLUMN signed_in_at SET DEFAULT now(),
    ALTER COLUMN signed_in_at SET NOT NULL;
