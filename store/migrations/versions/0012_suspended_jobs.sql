-- Jobs that an operator holds back.

ALTER TABLE job ADD COLUMN suspended boolean NOT NULL DEFAULT false;

ALTER FUNCTION apply_changes(text, jsonb) RENAME TO apply_changes_to_rows;
CREATE FUNCTION apply_changes(batch_instance text, changes jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM apply_changes_to_rows(batch_instance, changes);
    IF changes ? 'suspended_jobs' THEN
        UPDATE job j SET suspended = c.suspended
        FROM jsonb_to_recordset(changes -> 'suspended_jobs') AS c (key integer, suspended boolean)
        WHERE j.instance_id = batch_instance AND j.key = c.key AND j.suspended <> c.suspended;
    END IF;
END $$;

DROP VIEW any_job;
CREATE VIEW any_job AS
SELECT j.instance_id, j.key, j.element, j.node, j.kind, j.type, j.retries, j.priority, j.due_at, j.created_at, j.message,
    NULL::text AS bulk_id, j.suspended AS held
FROM job j
UNION ALL
SELECT i.bulk_id, i.position, 1, NULL::text, 'batch', b.type, CASE WHEN i.state = 'failed' THEN 0 ELSE 1 END, 0, NULL::timestamptz,
    b.started_at, i.error, i.bulk_id, b.suspended
FROM bulk_item i
JOIN bulk b ON b.id = i.bulk_id
WHERE i.state <> 'done' AND b.ended_at IS NULL;
