-- Operations on many things at once, done by the API processes item by item.

CREATE TABLE bulk (
    id         text PRIMARY KEY,
    type       text NOT NULL,   -- Camunda's batch type
    total      integer NOT NULL,
    options    jsonb NOT NULL,  -- what is done to each item
    suspended  boolean NOT NULL DEFAULT false,
    tenant_id  text,
    user_id    text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    begun_at   timestamptz,
    ended_at   timestamptz
);
CREATE INDEX bulk_open ON bulk (started_at) WHERE ended_at IS NULL;

CREATE TABLE bulk_item (
    bulk_id      text NOT NULL REFERENCES bulk ON DELETE CASCADE,
    position     integer NOT NULL,
    target       text NOT NULL,
    state        text NOT NULL DEFAULT 'open',  -- open, done, failed
    leased_until timestamptz,
    error        text,
    PRIMARY KEY (bulk_id, position)
);
CREATE INDEX bulk_item_open ON bulk_item (bulk_id, position) WHERE state = 'open';
