-- Published messages: kept until they are delivered or expire, and remembered for a while so that none is taken twice.

CREATE TABLE message (
    number          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              text NOT NULL,
    name            text NOT NULL,
    correlation_key text,
    tenant_id       text,
    variables       jsonb NOT NULL,
    published_at    timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    claimed_at      timestamptz,   -- somebody delivers it to `receiver` just now
    receiver        text,          -- instance and key of the subscription, or definition and node of the start event
    delivered_at    timestamptz
);
CREATE UNIQUE INDEX message_once ON message (name, correlation_key, id) NULLS NOT DISTINCT;
CREATE INDEX message_waiting ON message (name, correlation_key, number) WHERE delivered_at IS NULL;
CREATE INDEX message_expiry ON message (expires_at);
