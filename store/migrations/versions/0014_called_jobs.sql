-- A call activity that could not start what it calls has an incident 'failedJob'. Clients give that new attempts by
-- setting the retries of the job that the incident names, so that there is one as long as the incident is open.

CREATE OR REPLACE VIEW any_job AS
SELECT j.instance_id, j.key, j.element, j.node, j.kind, j.type, j.retries, j.priority, j.due_at, j.created_at, j.message,
    NULL::text AS bulk_id, j.suspended AS held
FROM job j
UNION ALL
SELECT i.bulk_id, i.position, 1, NULL::text, 'batch', b.type, CASE WHEN i.state = 'failed' THEN 0 ELSE 1 END, 0, NULL::timestamptz,
    b.started_at, i.error, i.bulk_id, b.suspended
FROM bulk_item i
JOIN bulk b ON b.id = i.bulk_id
WHERE i.state <> 'done' AND b.ended_at IS NULL
UNION ALL
SELECT c.instance_id, c.wait, c.element, c.node, 'call', '', 0, 0, NULL::timestamptz, c.created_at, c.message, NULL::text, false
FROM incident c
WHERE c.type = 'failedJob' AND c.wait IS NOT NULL AND c.ended_at IS NULL
    AND NOT EXISTS (SELECT FROM job o WHERE o.instance_id = c.instance_id AND o.key = c.wait);
