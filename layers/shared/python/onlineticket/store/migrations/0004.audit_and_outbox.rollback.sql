DROP VIEW door_flags;
DROP TABLE sweeps, senders, consumptions, owner_checks, outbox, audit_log, audit_links, audit_heads;
DROP FUNCTION refuse_change, refuse_step_back;
