CREATE INDEX tickets_by_owner ON tickets (suite_id, owner, token_id);
