-- Histories that are read from the event log as functions of one instance, in one pass over its events. A page of them
-- reads as many instances as it takes to fill it, in the order of their ids; as views they read the whole log.

CREATE FUNCTION wait_log_of(of_instance text)
    RETURNS TABLE (sequence bigint, at timestamptz, key integer, wait_type text, wait jsonb, state text, message text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 AS $$
SELECT w.sequence, w.at, w.key, w.opened ->> 't',
    CASE WHEN w.type = 'WaitChanged' THEN w.event -> 'wait' ELSE w.opened END,
    CASE w.type WHEN 'WaitOpened' THEN 'created' WHEN 'WaitChanged' THEN 'failed'
        ELSE CASE WHEN coalesce(w.event ->> 'outcome', 'completed')
            IN ('completed', 'triggered', 'fired', 'error', 'escalation') THEN 'success' ELSE 'deleted' END END,
    w.event ->> 'message'
FROM (
    SELECT l.sequence, l.at, l.type, l.event, k.key,
        first_value(l.event -> 'wait') OVER (PARTITION BY k.key ORDER BY l.sequence) AS opened
    FROM logged_event l
    CROSS JOIN LATERAL (SELECT coalesce(l.event #>> '{wait,key}', l.event ->> 'key')::integer AS key) AS k
    WHERE l.instance_id = of_instance AND l.type IN ('WaitOpened', 'WaitClosed', 'WaitChanged')
) AS w
WHERE w.opened IS NOT NULL AND (w.type <> 'WaitChanged' OR w.event ? 'message')
$$;

CREATE FUNCTION job_log_of(of_instance text)
    RETURNS TABLE (sequence bigint, at timestamptz, key integer, state text, message text, wait_type text, element integer,
        node text, kind text, type text, retries integer, priority bigint, due_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 AS $$
SELECT w.sequence, w.at, w.key, w.state, w.message, w.wait_type,
    (w.wait ->> 'element')::integer,
    w.wait ->> 'node',
    CASE WHEN w.wait_type = 'TimerWait' THEN 'timer' ELSE w.wait ->> 'kind' END,
    w.wait ->> 'type',
    coalesce((w.wait ->> 'retries')::integer, 3),
    coalesce((w.wait ->> 'priority')::bigint, 0),
    from_millis((w.wait ->> 'due')::bigint)
FROM wait_log_of(of_instance) w
WHERE w.wait_type IN ('JobWait', 'TimerWait')
$$;

CREATE FUNCTION external_task_log_of(of_instance text)
    RETURNS TABLE (sequence bigint, at timestamptz, key integer, state text, worker text, error_message text,
        error_details text, element integer, node text, topic text, retries integer, priority bigint, id text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 AS $$
WITH log AS MATERIALIZED (SELECT * FROM wait_log_of(of_instance) w WHERE w.wait_type = 'ExternalTaskWait' AND w.state <> 'failed')
SELECT w.sequence, w.at, w.key, w.state, NULL::text, NULL::text, NULL::text,
    (w.wait ->> 'element')::integer, w.wait ->> 'node', w.wait ->> 'topic', (w.wait ->> 'retries')::integer,
    coalesce((w.wait ->> 'priority')::bigint, 0), of_instance || ':x' || w.sequence
FROM log w
UNION ALL
SELECT 0, f.at, f.key, 'failed', f.worker, f.error_message, f.error_details,
    (o.wait ->> 'element')::integer, o.wait ->> 'node', o.wait ->> 'topic', f.retries,
    coalesce((o.wait ->> 'priority')::bigint, 0), of_instance || ':f' || f.id
FROM external_task_failure f
JOIN log o ON o.key = f.key AND o.state = 'created'
WHERE f.instance_id = of_instance
$$;

CREATE FUNCTION variable_updates_of(of_instance text)
    RETURNS TABLE (sequence bigint, at timestamptz, scope integer, name text, created boolean, value jsonb, revision bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 AS $$
SELECT l.sequence, l.at, (l.event ->> 'scope')::integer, l.event ->> 'name',
    coalesce((l.event ->> 'created')::boolean, false), l.event -> 'value',
    row_number() OVER (PARTITION BY l.event -> 'scope', l.event ->> 'name' ORDER BY l.sequence) - 1
FROM logged_event l
WHERE l.instance_id = of_instance AND l.type = 'VariableSet'
$$;

-- What was written lately, for pages of the newest entries of all instances.
CREATE INDEX event_batch_by_time ON event_batch USING brin (written_at) WITH (autosummarize = on);
CREATE INDEX external_task_failure_by_time ON external_task_failure USING brin (at) WITH (autosummarize = on);

DROP VIEW external_task_log;
DROP VIEW job_log;
DROP VIEW wait_log;
DROP VIEW variable_update;
