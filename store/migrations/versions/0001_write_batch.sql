-- The projection's fast path: one call is one transaction and one round trip.
--
-- `changes` is what store.projection.changes computed: per table the net new rows, updates and deletions of the batch.
-- Answers 'written'; 'conflict' when the rows do not end exactly at `base` (the caller compares with the log and decides);
-- 'stale' when a newer attempt has already written. Only 'written' changes anything.
CREATE FUNCTION write_batch(
    batch_instance text, base bigint, reached bigint, is_confirmed boolean, attempt bigint,
    step_digests bytea, batch_steps jsonb, batch_meta jsonb, changes jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    known record;
BEGIN
    SELECT written, fence INTO known FROM process_instance WHERE id = batch_instance FOR UPDATE;
    IF FOUND THEN
        IF attempt < known.fence THEN
            RETURN 'stale';
        ELSIF known.written <> base THEN
            RETURN 'conflict';
        END IF;
        UPDATE process_instance SET
            written = reached,
            confirmed = CASE WHEN is_confirmed THEN reached ELSE confirmed END,
            fence = attempt
        WHERE id = batch_instance;
    ELSIF base <> 0 OR changes -> 'instance' IS NULL THEN
        RETURN 'conflict';
    ELSE
        INSERT INTO process_instance (
            id, root_id, parent_id, definition_id, definition_key, definition_hash, business_key, tenant_id, started_by,
            start_node, started_at, ended_at, state, end_reason, restarted_id, written, confirmed, fence
        )
        SELECT batch_instance, i.root_id, i.parent_id, i.definition_id, i.definition_key, i.definition_hash, i.business_key,
            i.tenant_id, i.started_by, i.start_node, from_millis(i.started_at), from_millis(i.ended_at), i.state,
            i.end_reason, i.restarted_id, reached, CASE WHEN is_confirmed THEN reached ELSE 0 END, attempt
        FROM jsonb_to_record(changes -> 'instance') AS i (
            root_id text, parent_id text, definition_id text, definition_key text, definition_hash text, business_key text,
            tenant_id text, started_by text, start_node text, started_at bigint, ended_at bigint, state text,
            end_reason text, restarted_id text
        )
        ON CONFLICT (id) DO NOTHING;
        IF NOT FOUND THEN
            RETURN 'conflict';
        END IF;
    END IF;
    INSERT INTO event_batch (instance_id, first, last, confirmed, digests, steps, meta)
    VALUES (batch_instance, base + 1, reached, is_confirmed, step_digests, batch_steps, batch_meta);
    PERFORM apply_changes(batch_instance, changes);
    RETURN 'written';
END $$;

-- Carries out the changes to the rows of one instance. Also used when an instance is rebuilt from its log.
CREATE FUNCTION apply_changes(batch_instance text, changes jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part jsonb;
    topics text[];
    keys integer[];
BEGIN
    part := changes -> 'instance_changes';
    IF part IS NOT NULL THEN
        UPDATE process_instance p SET
            state = coalesce(c.state, p.state),
            ended_at = coalesce(from_millis(c.ended_at), p.ended_at),
            end_reason = coalesce(c.end_reason, p.end_reason)
        FROM jsonb_to_record(part) AS c (state text, ended_at bigint, end_reason text)
        WHERE p.id = batch_instance;
    END IF;

    part := changes -> 'activities';
    IF part IS NOT NULL THEN
        INSERT INTO activity_instance (
            instance_id, key, scope, sequence, node, name, type, multi, called_id, started_at, ended_at, canceled)
        SELECT batch_instance, a.key, a.scope, a.sequence, a.node, a.name, a.type, a.multi, a.called_id,
            from_millis(a.started_at), from_millis(a.ended_at), a.canceled
        FROM jsonb_to_recordset(part) AS a (
            key integer, scope integer, sequence bigint, node text, name text, type text, multi text, called_id text,
            started_at bigint, ended_at bigint, canceled boolean);
    END IF;
    part := changes -> 'activity_changes';
    IF part IS NOT NULL THEN
        UPDATE activity_instance a SET
            ended_at = coalesce(from_millis(c.ended_at), a.ended_at),
            canceled = a.canceled OR c.canceled,
            called_id = coalesce(c.called_id, a.called_id)
        FROM jsonb_to_recordset(part) AS c (key integer, ended_at bigint, canceled boolean, called_id text)
        WHERE a.instance_id = batch_instance AND a.key = c.key;
    END IF;

    part := changes -> 'variables';
    IF part IS NOT NULL THEN
        INSERT INTO variable AS v (
            instance_id, scope, name, type, value, info, revision, created_at, updated_at, deleted_at)
        SELECT batch_instance, n.scope, n.name, n.type, n.value, n.info, n.revision, from_millis(n.created_at),
            from_millis(n.updated_at), from_millis(n.deleted_at)
        FROM jsonb_to_recordset(part) AS n (
            scope integer, name text, type text, value jsonb, info jsonb, revision integer, created_at bigint,
            updated_at bigint, deleted_at bigint)
        ON CONFLICT (instance_id, scope, name) DO UPDATE SET
            type = excluded.type, value = excluded.value, info = excluded.info,
            revision = v.revision + excluded.revision + 1, updated_at = excluded.updated_at,
            deleted_at = excluded.deleted_at;
    END IF;
    part := changes -> 'variable_removals';
    IF part IS NOT NULL THEN
        UPDATE variable v SET deleted_at = from_millis(c.deleted_at)
        FROM jsonb_to_recordset(part) AS c (scope integer, name text, deleted_at bigint)
        WHERE v.instance_id = batch_instance AND v.scope = c.scope AND v.name = c.name;
    END IF;

    part := changes -> 'tasks';
    IF part IS NOT NULL THEN
        -- A conflict arises only when an instance is rebuilt: what a person has changed stays the person's.
        INSERT INTO task AS t (
            id, instance_id, key, element, node, sequence, name, description, assignee, owner, priority, due_at, follow_up_at,
            created_at, updated_at, ended_at, end_reason, candidate_users, candidate_groups, form)
        SELECT batch_instance || ':' || n.key, batch_instance, n.key, n.element, n.node, n.sequence, n.name, n.description,
            n.assignee, n.owner, n.priority, from_millis(n.due_at), from_millis(n.follow_up_at), from_millis(n.created_at),
            from_millis(n.updated_at), from_millis(n.ended_at), n.end_reason, n.candidate_users, n.candidate_groups, n.form
        FROM jsonb_to_recordset(part) AS n (
            key integer, element integer, node text, sequence bigint, name text, description text, assignee text, owner text,
            priority integer, due_at bigint, follow_up_at bigint, created_at bigint, updated_at bigint, ended_at bigint,
            end_reason text, candidate_users text[], candidate_groups text[], form jsonb)
        ON CONFLICT (id) DO UPDATE SET
            element = excluded.element, node = excluded.node, sequence = excluded.sequence, form = excluded.form,
            ended_at = excluded.ended_at, end_reason = excluded.end_reason,
            name = CASE WHEN t.touched THEN t.name ELSE excluded.name END,
            description = CASE WHEN t.touched THEN t.description ELSE excluded.description END,
            assignee = CASE WHEN t.touched THEN t.assignee ELSE excluded.assignee END,
            owner = CASE WHEN t.touched THEN t.owner ELSE excluded.owner END,
            priority = CASE WHEN t.touched THEN t.priority ELSE excluded.priority END,
            due_at = CASE WHEN t.touched THEN t.due_at ELSE excluded.due_at END,
            follow_up_at = CASE WHEN t.touched THEN t.follow_up_at ELSE excluded.follow_up_at END,
            updated_at = CASE WHEN t.touched THEN t.updated_at ELSE excluded.updated_at END,
            candidate_users = CASE WHEN t.touched THEN t.candidate_users ELSE excluded.candidate_users END,
            candidate_groups = CASE WHEN t.touched THEN t.candidate_groups ELSE excluded.candidate_groups END;
    END IF;
    part := changes -> 'task_changes';
    IF part IS NOT NULL THEN
        -- What a person has changed stays the person's.
        UPDATE task t SET
            name = CASE WHEN t.touched THEN t.name ELSE c.name END,
            description = CASE WHEN t.touched THEN t.description ELSE c.description END,
            assignee = CASE WHEN t.touched THEN t.assignee ELSE c.assignee END,
            owner = CASE WHEN t.touched THEN t.owner ELSE c.owner END,
            priority = CASE WHEN t.touched THEN t.priority ELSE c.priority END,
            due_at = CASE WHEN t.touched THEN t.due_at ELSE from_millis(c.due_at) END,
            follow_up_at = CASE WHEN t.touched THEN t.follow_up_at ELSE from_millis(c.follow_up_at) END,
            updated_at = CASE WHEN t.touched THEN t.updated_at ELSE from_millis(c.updated_at) END,
            candidate_users = CASE WHEN t.touched THEN t.candidate_users ELSE c.candidate_users END,
            candidate_groups = CASE WHEN t.touched THEN t.candidate_groups ELSE c.candidate_groups END,
            form = c.form
        FROM jsonb_to_recordset(part) AS c (
            key integer, name text, description text, assignee text, owner text, priority integer, due_at bigint,
            follow_up_at bigint, updated_at bigint, candidate_users text[], candidate_groups text[], form jsonb)
        WHERE t.instance_id = batch_instance AND t.key = c.key;
    END IF;
    part := changes -> 'external_tasks';
    IF part IS NOT NULL THEN
        -- On a rebuild: whether there are retries left is the engine's, how many are the workers', as are lock and error.
        INSERT INTO external_task AS e (
            instance_id, key, element, node, sequence, topic, priority, retries, headers, created_at, error_message)
        SELECT batch_instance, n.key, n.element, n.node, n.sequence, n.topic, n.priority, n.retries, n.headers,
            from_millis(n.created_at), n.error_message
        FROM jsonb_to_recordset(part) AS n (
            key integer, element integer, node text, sequence bigint, topic text, priority bigint, retries integer,
            headers jsonb, created_at bigint, error_message text)
        ON CONFLICT (instance_id, key) DO UPDATE SET
            element = excluded.element, node = excluded.node, sequence = excluded.sequence, topic = excluded.topic,
            headers = excluded.headers,
            priority = CASE WHEN e.touched THEN e.priority ELSE excluded.priority END,
            retries = CASE
                WHEN e.touched AND coalesce(e.retries = 0, false) = coalesce(excluded.retries = 0, false) THEN e.retries
                ELSE excluded.retries END,
            error_message = CASE WHEN e.touched THEN e.error_message ELSE excluded.error_message END;
        SELECT array_agg(DISTINCT n.topic) INTO topics FROM jsonb_to_recordset(part) AS n (topic text);
    END IF;
    part := changes -> 'external_task_changes';
    IF part IS NOT NULL THEN
        -- The engine changed it: when retries ran out or were given again, the lock is off.
        UPDATE external_task e SET
            priority = c.priority, retries = c.retries,
            worker = CASE WHEN c.retries = 0 OR e.retries = 0 THEN NULL ELSE e.worker END,
            locked_until = CASE WHEN c.retries = 0 OR e.retries = 0 THEN NULL ELSE e.locked_until END,
            error_message = coalesce(c.error_message, e.error_message)
        FROM jsonb_to_recordset(part) AS c (key integer, priority bigint, retries integer, error_message text)
        WHERE e.instance_id = batch_instance AND e.key = c.key;
        SELECT array_cat(topics, array_agg(DISTINCT e.topic)) INTO topics
        FROM jsonb_to_recordset(part) AS c (key integer)
        JOIN external_task e ON e.instance_id = batch_instance AND e.key = c.key;
    END IF;
    IF topics IS NOT NULL THEN
        PERFORM pg_notify('ostinato_external_task', left(topic, 2000)) FROM unnest(topics) AS topic;
    END IF;

    part := changes -> 'jobs';
    IF part IS NOT NULL THEN
        INSERT INTO job (
            instance_id, key, element, node, sequence, kind, type, retries, priority, due_at, created_at, message)
        SELECT batch_instance, n.key, n.element, n.node, n.sequence, n.kind, n.type, n.retries, n.priority,
            from_millis(n.due_at), from_millis(n.created_at), n.message
        FROM jsonb_to_recordset(part) AS n (
            key integer, element integer, node text, sequence bigint, kind text, type text, retries integer,
            priority bigint, due_at bigint, created_at bigint, message text);
    END IF;
    part := changes -> 'job_changes';
    IF part IS NOT NULL THEN
        UPDATE job j SET
            retries = c.retries, priority = c.priority, due_at = from_millis(c.due_at),
            message = coalesce(c.message, j.message)
        FROM jsonb_to_recordset(part) AS c (key integer, retries integer, priority bigint, due_at bigint, message text)
        WHERE j.instance_id = batch_instance AND j.key = c.key;
    END IF;

    part := changes -> 'subscriptions';
    IF part IS NOT NULL THEN
        INSERT INTO subscription (instance_id, key, element, node, sequence, kind, name, correlation_key, created_at)
        SELECT batch_instance, n.key, n.element, n.node, n.sequence, n.kind, n.name, n.correlation_key,
            from_millis(n.created_at)
        FROM jsonb_to_recordset(part) AS n (
            key integer, element integer, node text, sequence bigint, kind text, name text, correlation_key text,
            created_at bigint);
    END IF;

    -- Closed waits. Which kind they were is not said; only tasks keep their row.
    part := changes -> 'closed';
    IF part IS NOT NULL THEN
        SELECT array_agg(c.key) INTO keys FROM jsonb_to_recordset(part) AS c (key integer);
        DELETE FROM external_task WHERE instance_id = batch_instance AND key = ANY (keys);
        DELETE FROM job WHERE instance_id = batch_instance AND key = ANY (keys);
        DELETE FROM subscription WHERE instance_id = batch_instance AND key = ANY (keys);
        UPDATE task t SET ended_at = from_millis(c.ended_at), end_reason = c.end_reason
        FROM jsonb_to_recordset(part) AS c (key integer, ended_at bigint, end_reason text)
        WHERE t.instance_id = batch_instance AND t.key = c.key;
    END IF;

    part := changes -> 'incidents';
    IF part IS NOT NULL THEN
        INSERT INTO incident (
            instance_id, key, element, node, wait, sequence, type, message, details, created_at, ended_at, deleted)
        SELECT batch_instance, n.key, n.element, n.node, n.wait, n.sequence, n.type, n.message, n.details,
            from_millis(n.created_at), from_millis(n.ended_at), n.deleted
        FROM jsonb_to_recordset(part) AS n (
            key integer, element integer, node text, wait integer, sequence bigint, type text, message text,
            details text, created_at bigint, ended_at bigint, deleted boolean)
        ON CONFLICT (instance_id, key) DO UPDATE SET
            element = excluded.element, node = excluded.node, wait = excluded.wait, sequence = excluded.sequence,
            type = excluded.type, message = excluded.message, details = excluded.details,
            ended_at = excluded.ended_at, deleted = excluded.deleted;
    END IF;
    part := changes -> 'incident_ends';
    IF part IS NOT NULL THEN
        UPDATE incident i SET ended_at = from_millis(c.ended_at), deleted = i.element = ANY (c.terminated)
        FROM jsonb_to_recordset(part) AS c (key integer, ended_at bigint, terminated integer[])
        WHERE i.instance_id = batch_instance AND i.key = c.key;
    END IF;

    part := changes -> 'decisions';
    IF part IS NOT NULL THEN
        INSERT INTO decision_instance (id, instance_id, sequence, element, node, decision, evaluated_at, trace)
        SELECT batch_instance || ':d' || n.sequence, batch_instance, n.sequence, n.element, n.node, n.decision,
            from_millis(n.evaluated_at), n.trace
        FROM jsonb_to_recordset(part) AS n (
            sequence bigint, element integer, node text, decision text, evaluated_at bigint, trace jsonb);
    END IF;
END $$;
