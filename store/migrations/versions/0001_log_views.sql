-- Histories that are asked for rarely and one instance at a time are read from the event log instead of being kept twice.

CREATE VIEW logged_event AS
SELECT b.instance_id,
    (s.step ->> 'first')::bigint + e.position - 1 AS sequence,
    from_millis((s.step ->> 'at')::bigint) AS at,
    e.event ->> 't' AS type,
    e.event
FROM event_batch b
CROSS JOIN LATERAL jsonb_array_elements(b.steps) AS s (step)
CROSS JOIN LATERAL jsonb_array_elements(s.step -> 'events') WITH ORDINALITY AS e (event, position);

CREATE VIEW opened_wait AS
SELECT instance_id, sequence, at, (event #>> '{wait,key}')::integer AS key, event #>> '{wait,t}' AS wait_type,
    event -> 'wait' AS wait
FROM logged_event
WHERE type = 'WaitOpened';

CREATE VIEW wait_log AS
SELECT o.instance_id, o.sequence, o.at, o.key, o.wait_type, o.wait, 'created' AS state, NULL::text AS message
FROM opened_wait o
UNION ALL
SELECT c.instance_id, c.sequence, c.at, o.key, o.wait_type, o.wait,
    CASE WHEN coalesce(c.event ->> 'outcome', 'completed') IN ('completed', 'triggered', 'fired', 'error', 'escalation')
        THEN 'success' ELSE 'deleted' END,
    NULL
FROM logged_event c
JOIN opened_wait o ON o.instance_id = c.instance_id AND o.key = (c.event ->> 'key')::integer
WHERE c.type = 'WaitClosed'
UNION ALL
SELECT c.instance_id, c.sequence, c.at, (c.event #>> '{wait,key}')::integer, c.event #>> '{wait,t}', c.event -> 'wait',
    'failed', c.event ->> 'message'
FROM logged_event c
WHERE c.type = 'WaitChanged' AND c.event ? 'message';

CREATE VIEW job_log AS
SELECT instance_id, sequence, at, key, state, message, wait_type,
    (wait ->> 'element')::integer AS element,
    wait ->> 'node' AS node,
    CASE WHEN wait_type = 'TimerWait' THEN 'timer' ELSE wait ->> 'kind' END AS kind,
    wait ->> 'type' AS type,
    coalesce((wait ->> 'retries')::integer, 3) AS retries,
    coalesce((wait ->> 'priority')::bigint, 0) AS priority,
    from_millis((wait ->> 'due')::bigint) AS due_at
FROM wait_log
WHERE wait_type IN ('JobWait', 'TimerWait');

CREATE VIEW external_task_log AS
SELECT instance_id, sequence, at, key, state, NULL::text AS worker, NULL::text AS error_message, NULL::text AS error_details,
    (wait ->> 'element')::integer AS element,
    wait ->> 'node' AS node,
    wait ->> 'topic' AS topic,
    (wait ->> 'retries')::integer AS retries,
    coalesce((wait ->> 'priority')::bigint, 0) AS priority,
    instance_id || ':x' || sequence AS id
FROM wait_log
WHERE wait_type = 'ExternalTaskWait' AND state <> 'failed'
UNION ALL
SELECT f.instance_id, 0, f.at, f.key, 'failed', f.worker, f.error_message, f.error_details,
    (o.wait ->> 'element')::integer, o.wait ->> 'node', o.wait ->> 'topic', f.retries,
    coalesce((o.wait ->> 'priority')::bigint, 0), f.instance_id || ':f' || f.id
FROM external_task_failure f
JOIN opened_wait o ON o.instance_id = f.instance_id AND o.key = f.key;

CREATE VIEW variable_update AS
SELECT instance_id, sequence, at,
    (event ->> 'scope')::integer AS scope,
    event ->> 'name' AS name,
    coalesce((event ->> 'created')::boolean, false) AS created,
    event -> 'value' AS value,
    row_number() OVER (PARTITION BY instance_id, event -> 'scope', event ->> 'name' ORDER BY sequence) - 1 AS revision
FROM logged_event
WHERE type = 'VariableSet';
