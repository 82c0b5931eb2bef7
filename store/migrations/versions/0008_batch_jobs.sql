-- What is left to do of a batch is found among the jobs, as clients expect: there it gets new attempts after a failure.
-- Its id is '<batch>:<position>'. The positions of one batch are its keys, as those of an instance's jobs are.

CREATE VIEW any_job AS
SELECT j.instance_id, j.key, j.element, j.node, j.kind, j.type, j.retries, j.priority, j.due_at, j.created_at, j.message,
    NULL::text AS bulk_id, false AS bulk_suspended
FROM job j
UNION ALL
SELECT i.bulk_id, i.position, 1, NULL::text, 'batch', b.type, CASE WHEN i.state = 'failed' THEN 0 ELSE 1 END, 0, NULL::timestamptz,
    b.started_at, i.error, i.bulk_id, b.suspended
FROM bulk_item i
JOIN bulk b ON b.id = i.bulk_id
WHERE i.state <> 'done' AND b.ended_at IS NULL;

CREATE INDEX bulk_item_failed ON bulk_item (bulk_id, position) WHERE state = 'failed';
