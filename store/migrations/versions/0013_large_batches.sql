-- Items that are or were handed out and are not done; the others are found in the order of their positions.
CREATE INDEX bulk_item_leased ON bulk_item (leased_until) WHERE state = 'open' AND leased_until IS NOT NULL;
