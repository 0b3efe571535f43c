DROP VIEW ticket_states;
DROP TABLE ticket_verifiers, organizers, swap_pool, swaps, trades, bid_balances, bids, auctions,
    market_listings, tickets, ticket_types, events, contract_reads, dead_letters, events_raw,
    blocks, blocks_processed, check_ins, users, contracts_registry;
DROP DOMAIN wallet_address, uint256;
