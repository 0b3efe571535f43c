-- A wallet's tickets are those it holds, in escrow or not: the list walks tickets_by_holder, and
-- nobody asks for owners, who differ only in being the Marketplace.
-- depends: 0007.read_api

DROP INDEX tickets_by_owner;
