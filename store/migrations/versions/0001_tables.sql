-- Times come from the engine as milliseconds since 1970 and are kept as timestamptz.
CREATE FUNCTION from_millis(bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN to_timestamp(($1 / 1000.0)::double precision);

-- ---------------------------------------------------------------------------------------------- deployments, definitions

CREATE TABLE deployment (
    id          text PRIMARY KEY,
    name        text,
    source      text,
    deployed_at timestamptz NOT NULL,
    tenant_id   text
);
CREATE INDEX deployment_by_name ON deployment (name, deployed_at);

CREATE TABLE deployment_resource (
    id            text PRIMARY KEY,
    deployment_id text NOT NULL REFERENCES deployment ON DELETE CASCADE,
    name          text NOT NULL,
    content       bytea NOT NULL,
    digest        bytea NOT NULL,
    UNIQUE (deployment_id, name)
);

-- A compiled definition is immutable and named by the hash of its content; many process definitions may share one.
CREATE TABLE compiled_definition (
    hash    text PRIMARY KEY,
    content json NOT NULL,
    nodes   jsonb NOT NULL  -- {flow node id: [name, activity type]}
);

CREATE TABLE process_definition (
    id                    text PRIMARY KEY,
    key                   text NOT NULL,
    version               integer NOT NULL,
    name                  text,
    version_tag           text,
    category              text,
    description           text,
    hash                  text NOT NULL REFERENCES compiled_definition,
    profile               text NOT NULL,
    deployment_id         text NOT NULL REFERENCES deployment ON DELETE CASCADE,
    resource_name         text NOT NULL,
    diagram_name          text,
    tenant_id             text,
    suspended             boolean NOT NULL DEFAULT false,
    history_ttl           integer,
    startable_in_tasklist boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX process_definition_by_version ON process_definition (key, coalesce(tenant_id, ''), version);
CREATE INDEX process_definition_by_deployment ON process_definition (deployment_id);
CREATE INDEX process_definition_by_hash ON process_definition (hash);

-- How instances of a definition can be started; only those of the latest version of a key are live.
CREATE TABLE start_subscription (
    definition_id text NOT NULL REFERENCES process_definition ON DELETE CASCADE,
    node          text NOT NULL,
    kind          text NOT NULL,  -- none | message | signal | timer | conditional
    name          text,
    spec          jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (definition_id, node, kind)
);
CREATE INDEX start_subscription_by_name ON start_subscription (kind, name);

CREATE TABLE job_definition (
    id            text PRIMARY KEY,
    definition_id text NOT NULL REFERENCES process_definition ON DELETE CASCADE,
    node          text NOT NULL,
    type          text NOT NULL,
    configuration text,
    priority      bigint,
    suspended     boolean NOT NULL DEFAULT false
);
CREATE INDEX job_definition_by_definition ON job_definition (definition_id, node);

CREATE TABLE decision_requirements (
    id            text PRIMARY KEY,
    key           text NOT NULL,
    version       integer NOT NULL,
    name          text,
    category      text,
    deployment_id text NOT NULL REFERENCES deployment ON DELETE CASCADE,
    resource_name text NOT NULL,
    diagram_name  text,
    tenant_id     text
);
CREATE UNIQUE INDEX decision_requirements_by_version ON decision_requirements (key, coalesce(tenant_id, ''), version);

CREATE TABLE decision_definition (
    id               text PRIMARY KEY,
    key              text NOT NULL,
    version          integer NOT NULL,
    name             text,
    version_tag      text,
    category         text,
    deployment_id    text NOT NULL REFERENCES deployment ON DELETE CASCADE,
    resource_name    text NOT NULL,
    requirements_id  text,
    requirements_key text,
    tenant_id        text,
    history_ttl      integer
);
CREATE UNIQUE INDEX decision_definition_by_version ON decision_definition (key, coalesce(tenant_id, ''), version);

CREATE TABLE form_definition (
    id            text PRIMARY KEY,
    key           text NOT NULL,
    version       integer NOT NULL,
    deployment_id text NOT NULL REFERENCES deployment ON DELETE CASCADE,
    resource_name text NOT NULL,
    tenant_id     text
);
CREATE UNIQUE INDEX form_definition_by_version ON form_definition (key, coalesce(tenant_id, ''), version);

-- ------------------------------------------------------------------------------------------------------------ the event log

-- What each flush carried. Everything below `people` can be computed again from these rows.
CREATE TABLE event_batch (
    instance_id text NOT NULL,
    first       bigint NOT NULL,     -- number of the first event
    last        bigint NOT NULL,     -- number of the last event
    confirmed   boolean NOT NULL,
    digests     bytea NOT NULL,      -- 16 bytes per step
    written_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    steps       jsonb NOT NULL,      -- [{"first", "at", "events"}]
    meta        jsonb,               -- of the definition, where the events name one (start, migration)
    PRIMARY KEY (instance_id, first)
);

-- ---------------------------------------------------------------------------- instances: a row with ended_at null is running

CREATE TABLE process_instance (
    id              text PRIMARY KEY,
    root_id         text NOT NULL,
    parent_id       text,             -- the calling instance
    definition_id   text,
    definition_key  text NOT NULL,
    definition_hash text NOT NULL,
    business_key    text,
    tenant_id       text,
    started_by      text,
    start_node      text,
    started_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    state           text NOT NULL,    -- ACTIVE | SUSPENDED | COMPLETED | EXTERNALLY_TERMINATED | INTERNALLY_TERMINATED
    end_reason      text,
    restarted_id    text,
    removal_at      timestamptz,
    -- what the projection knows
    written         bigint NOT NULL,  -- number of the last event in the rows
    confirmed       bigint NOT NULL,  -- number of the last event of a confirmed flush
    fence           bigint NOT NULL   -- instant of the newest attempt that wrote; older attempts may not
) WITH (fillfactor = 85);  -- every flush updates it: no index on written, confirmed or fence, so that this stays cheap
CREATE INDEX process_instance_open ON process_instance (definition_id) WHERE ended_at IS NULL;
CREATE INDEX process_instance_by_start ON process_instance (started_at);
CREATE INDEX process_instance_by_business_key ON process_instance (business_key) WHERE business_key IS NOT NULL;
CREATE INDEX process_instance_by_parent ON process_instance (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX process_instance_by_removal ON process_instance (removal_at) WHERE removal_at IS NOT NULL;
CREATE INDEX process_instance_by_root ON process_instance (root_id) WHERE parent_id IS NOT NULL;

CREATE TABLE activity_instance (
    instance_id text NOT NULL,
    key         integer NOT NULL,
    scope       integer NOT NULL,     -- key of the enclosing element instance
    sequence    bigint NOT NULL,      -- number of the event that activated it
    node        text NOT NULL,
    name        text,
    type        text NOT NULL,
    multi       text,                 -- body | inner
    called_id   text,                 -- the instance that a call activity started
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    canceled    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (instance_id, key)
);
CREATE INDEX activity_instance_open ON activity_instance (node) WHERE ended_at IS NULL;

CREATE TABLE variable (
    instance_id text NOT NULL,
    scope       integer NOT NULL,     -- key of the element instance that holds it
    name        text NOT NULL,
    type        text NOT NULL,        -- Camunda's name: String, Integer, Json ...
    value       jsonb,
    info        jsonb,
    revision    integer NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    deleted_at  timestamptz,
    PRIMARY KEY (instance_id, scope, name)
);
-- The whole value does not fit into an index, its hash does.
CREATE INDEX variable_by_value ON variable (name, jsonb_hash(value));

CREATE TABLE task (
    id               text PRIMARY KEY,
    instance_id      text,            -- null: a task of no process
    key              integer,         -- of the wait
    element          integer,
    node             text,
    sequence         bigint NOT NULL DEFAULT 0,
    name             text,
    description      text,
    assignee         text,
    owner            text,
    delegation       text,            -- PENDING | RESOLVED
    priority         integer NOT NULL DEFAULT 50,
    due_at           timestamptz,
    follow_up_at     timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz,
    ended_at         timestamptz,
    end_reason       text,            -- completed | deleted | another reason given by a person
    candidate_users  text[] NOT NULL DEFAULT '{}',
    candidate_groups text[] NOT NULL DEFAULT '{}',
    links            jsonb NOT NULL DEFAULT '[]',  -- links of other types: [{"type", "user", "group"}]
    form             jsonb NOT NULL DEFAULT '{}',
    parent_id        text,
    tenant_id        text,            -- of a task of no process
    touched          boolean NOT NULL DEFAULT false  -- a person changed it: the log no longer tells these columns
);
CREATE INDEX task_by_instance ON task (instance_id);
CREATE INDEX task_open_by_assignee ON task (assignee) WHERE ended_at IS NULL;
CREATE INDEX task_open_by_group ON task USING gin (candidate_groups) WHERE ended_at IS NULL AND candidate_groups <> '{}';
CREATE INDEX task_open_by_user ON task USING gin (candidate_users) WHERE ended_at IS NULL AND candidate_users <> '{}';
CREATE INDEX task_open_by_creation ON task (created_at) WHERE ended_at IS NULL;
CREATE INDEX task_by_parent ON task (parent_id) WHERE parent_id IS NOT NULL;

-- ------------------------------------------------------------------- only what is open: rows go when the wait is closed

CREATE TABLE external_task (
    instance_id   text NOT NULL,
    key           integer NOT NULL,
    element       integer NOT NULL,
    node          text NOT NULL,
    sequence      bigint NOT NULL,
    topic         text NOT NULL,
    priority      bigint NOT NULL DEFAULT 0,
    retries       integer,
    headers       jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL,
    worker        text,
    locked_until  timestamptz,
    error_message text,
    error_details text,
    touched       boolean NOT NULL DEFAULT false,  -- a worker or a person changed it: the log no longer tells all
    PRIMARY KEY (instance_id, key)
);
CREATE INDEX external_task_by_topic ON external_task (topic, created_at);
CREATE INDEX external_task_by_priority ON external_task (topic, priority DESC, created_at);

CREATE TABLE job (
    instance_id text NOT NULL,
    key         integer NOT NULL,
    element     integer NOT NULL,
    node        text NOT NULL,
    sequence    bigint NOT NULL,
    kind        text NOT NULL,        -- timer | service | script | decision | async_before ...
    type        text NOT NULL,
    retries     integer NOT NULL,
    priority    bigint NOT NULL DEFAULT 0,
    due_at      timestamptz,
    created_at  timestamptz NOT NULL,
    message     text,
    PRIMARY KEY (instance_id, key)
);
CREATE INDEX job_by_due ON job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_failed ON job (instance_id) WHERE retries = 0;

CREATE TABLE subscription (
    instance_id     text NOT NULL,
    key             integer NOT NULL,
    element         integer NOT NULL,
    node            text NOT NULL,
    sequence        bigint NOT NULL,
    kind            text NOT NULL,    -- message | signal | conditional | compensate
    name            text,
    correlation_key text,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (instance_id, key)
);
CREATE INDEX subscription_by_name ON subscription (kind, name, correlation_key);

-- --------------------------------------------------------------------------------------------------- incidents, decisions

CREATE TABLE incident (
    instance_id text NOT NULL,
    key         integer NOT NULL,
    element     integer NOT NULL,
    node        text NOT NULL,
    wait        integer,
    sequence    bigint NOT NULL,
    type        text NOT NULL,
    message     text,
    details     text,
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    deleted     boolean NOT NULL DEFAULT false,  -- ended with its activity, not resolved
    annotation  text,
    PRIMARY KEY (instance_id, key)
);
CREATE INDEX incident_open ON incident (created_at) WHERE ended_at IS NULL;

CREATE TABLE decision_instance (
    id           text PRIMARY KEY,
    instance_id  text,
    sequence     bigint NOT NULL DEFAULT 0,
    element      integer,
    node         text,
    decision     text NOT NULL,
    definition_id text,
    evaluated_at timestamptz NOT NULL,
    user_id      text,
    tenant_id    text,
    trace        jsonb NOT NULL
);
CREATE INDEX decision_instance_by_instance ON decision_instance (instance_id);
CREATE INDEX decision_instance_by_decision ON decision_instance (decision, evaluated_at);

-- ------------------------------------------------------------------------------ people: what the event log does not tell

CREATE TABLE identity_link_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id     text NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    type        text NOT NULL,
    user_id     text,
    group_id    text,
    operation   text NOT NULL,        -- add | delete
    assigner_id text
);
CREATE INDEX identity_link_log_by_task ON identity_link_log (task_id);

CREATE TABLE external_task_failure (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id   text NOT NULL,
    key           integer NOT NULL,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    worker        text,
    retries       integer,
    error_message text,
    error_details text
);
CREATE INDEX external_task_failure_by_task ON external_task_failure (instance_id, key);

CREATE TABLE operation (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation_id     text NOT NULL,
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_id          text,
    type             text NOT NULL,
    entity           text NOT NULL,
    category         text,
    property         text,
    old_value        text,
    new_value        text,
    annotation       text,
    deployment_id    text,
    definition_id    text,
    definition_key   text,
    instance_id      text,
    execution_id     text,
    task_id          text,
    external_task_id text,
    job_id           text,
    job_definition_id text,
    batch_id         text,
    tenant_id        text
);
CREATE INDEX operation_by_time ON operation (at);
CREATE INDEX operation_by_instance ON operation (instance_id) WHERE instance_id IS NOT NULL;
CREATE INDEX operation_by_task ON operation (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE comment (
    id          text PRIMARY KEY,
    task_id     text,
    instance_id text,
    user_id     text,
    at          timestamptz NOT NULL,
    message     text NOT NULL
);
CREATE INDEX comment_by_task ON comment (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX comment_by_instance ON comment (instance_id) WHERE instance_id IS NOT NULL;

CREATE TABLE attachment (
    id          text PRIMARY KEY,
    task_id     text,
    instance_id text,
    name        text,
    description text,
    type        text,
    url         text,
    content     bytea,
    user_id     text,
    at          timestamptz NOT NULL
);
CREATE INDEX attachment_by_task ON attachment (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX attachment_by_instance ON attachment (instance_id) WHERE instance_id IS NOT NULL;
