CREATE TABLE webhook (
    id             text PRIMARY KEY,
    name           text,
    kind           text NOT NULL CHECK (kind IN ('process', 'message')),
    target         text NOT NULL,
    tenant_id      text,
    authentication text NOT NULL CHECK (authentication IN ('token', 'signature')),
    secret         text NOT NULL,
    rules          jsonb NOT NULL,
    time_to_live   bigint NOT NULL DEFAULT 0,
    enabled        boolean NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text
);
