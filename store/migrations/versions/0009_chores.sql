-- How often something happened in each quarter of an hour that is over. What is not summed up yet is counted from the
-- rows, and what the history cleanup removes is counted nowhere else.
CREATE TABLE metric (
    name  text NOT NULL,
    at    timestamptz NOT NULL,  -- beginning of the quarter of an hour
    value bigint NOT NULL,
    PRIMARY KEY (name, at)
);

-- What some process of many does from time to time.
CREATE TABLE chore (
    name         text PRIMARY KEY,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    leased_until timestamptz,  -- somebody is at it
    requested_at timestamptz,  -- a person asked for it
    done_until   timestamptz,  -- metrics: what began before is summed up
    ended_at     timestamptz,
    retries      integer NOT NULL DEFAULT 3,
    error        text
);
INSERT INTO chore (name) VALUES ('history-cleanup'), ('metrics');

ALTER TABLE bulk ADD COLUMN removal_at timestamptz;

-- Rows come nearly in the order of time, so that these cost next to nothing to keep.
CREATE INDEX activity_instance_by_start ON activity_instance USING brin (started_at) WITH (autosummarize = on);
CREATE INDEX activity_instance_by_end ON activity_instance USING brin (ended_at) WITH (autosummarize = on);
CREATE INDEX decision_instance_by_time ON decision_instance USING brin (evaluated_at) WITH (autosummarize = on);
