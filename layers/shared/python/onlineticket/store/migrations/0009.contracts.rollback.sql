-- Refused by the unique constraint, on purpose, while two suites share a PlatformToken.

ALTER TABLE contracts_registry DROP CONSTRAINT contracts_registry_bounds;
DROP INDEX contracts_registry_of_one_suite;
ALTER TABLE contracts_registry ADD CONSTRAINT contracts_registry_chain_id_address_key
    UNIQUE (chain_id, address);
