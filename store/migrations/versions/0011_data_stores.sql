-- Values that outlive the instances that wrote them (BPMN 2.0.2, 10.4.1).
CREATE TABLE data_store (
    tenant     text NOT NULL,   -- '': instances without tenant
    name       text NOT NULL,
    value      jsonb NOT NULL,
    written_by text NOT NULL,   -- instance
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version    bigint NOT NULL, -- instant of the write by the instance's clock, in microseconds: the latest stays
    PRIMARY KEY (tenant, name)
);
