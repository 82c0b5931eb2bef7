CREATE TABLE payload (
    digest      text NOT NULL,
    instance_id text NOT NULL,
    data        bytea NOT NULL,
    created     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (digest, instance_id)
);
CREATE INDEX payload_created ON payload (created);
