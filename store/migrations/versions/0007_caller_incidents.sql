-- An incident of a called instance is an incident of the call activity of each of its callers too. Those are not rows:
-- they follow from the incident that caused them, begin and end with it, and so can never be out of step with it.
--
-- Their id is '<caller>:<way from there to the failed instance>:<key>', as ids of called instances are those of their
-- callers with one more number: incident 'a.5.12:7' is 'a.5:12:7' at its caller and 'a:5.12:7' at the caller of that.

ALTER TABLE incident ADD COLUMN caller_notes jsonb NOT NULL DEFAULT '{}';  -- annotations: {caller: text}

CREATE VIEW incident_anywhere AS
SELECT i.instance_id, i.key, i.element, i.node, i.wait, i.type, i.message, i.created_at, i.ended_at, i.deleted, i.annotation,
    p.root_id,
    i.instance_id || ':' || i.key AS id,
    i.instance_id || ':' || i.key AS cause_id,
    i.instance_id || ':' || i.key AS root_cause_id,
    i.instance_id AS cause_instance,   -- where it failed
    i.ended_at AS cause_ended_at
FROM incident i
JOIN process_instance p ON p.id = i.instance_id
UNION ALL
SELECT u.caller, i.key, u.element, u.node, NULL::integer, i.type, NULL::text, i.created_at,
    coalesce(i.ended_at, u.ended_at),
    i.deleted OR (i.ended_at IS NULL AND u.ended_at IS NOT NULL),
    i.caller_notes ->> u.caller,
    p.root_id,
    u.caller || ':' || substr(i.instance_id, length(u.caller) + 2) || ':' || i.key,
    CASE WHEN u.called = i.instance_id THEN i.instance_id || ':' || i.key
        ELSE u.called || ':' || substr(i.instance_id, length(u.called) + 2) || ':' || i.key END,
    i.instance_id || ':' || i.key,
    i.instance_id,
    i.ended_at
FROM incident i
JOIN process_instance p ON p.id = i.instance_id AND p.parent_id IS NOT NULL
CROSS JOIN LATERAL (
    WITH RECURSIVE up AS (
        SELECT p.id AS called, p.parent_id AS caller
        UNION ALL
        SELECT q.id, q.parent_id FROM up JOIN process_instance q ON q.id = up.caller WHERE q.parent_id IS NOT NULL
    )
    SELECT up.called, up.caller, a.key AS element, a.node, a.ended_at
    FROM up JOIN activity_instance a ON a.instance_id = up.caller AND a.called_id = up.called
) u;
