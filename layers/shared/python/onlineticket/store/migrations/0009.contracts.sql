-- depends: 0002.reconciliations
-- A redeployed suite may keep its PlatformToken, whose logs we never ask for; an address that logs
-- to us still belongs to one suite alone.

ALTER TABLE contracts_registry DROP CONSTRAINT contracts_registry_chain_id_address_key;
CREATE UNIQUE INDEX contracts_registry_of_one_suite ON contracts_registry (chain_id, address)
    WHERE name <> 'PlatformToken';
ALTER TABLE contracts_registry
    ADD CONSTRAINT contracts_registry_bounds CHECK (to_block >= from_block);
