-- Users, groups, tenants and who belongs where; authorizations and filters of task lists.

CREATE TABLE person (
    id         text PRIMARY KEY,
    first_name text,
    last_name  text,
    email      text,
    password   text  -- scrypt: salt and digest in hexadecimal
);

CREATE TABLE person_group (
    id   text PRIMARY KEY,
    name text,
    type text
);

CREATE TABLE tenant (
    id   text PRIMARY KEY,
    name text
);

CREATE TABLE group_member (
    group_id text NOT NULL REFERENCES person_group ON DELETE CASCADE,
    user_id  text NOT NULL REFERENCES person ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_member_by_user ON group_member (user_id);

-- Exactly one of user and group is a member.
CREATE TABLE tenant_member (
    tenant_id text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    user_id   text REFERENCES person ON DELETE CASCADE,
    group_id  text REFERENCES person_group ON DELETE CASCADE,
    CHECK ((user_id IS NULL) <> (group_id IS NULL)),
    UNIQUE NULLS NOT DISTINCT (tenant_id, user_id, group_id)
);
CREATE INDEX tenant_member_by_user ON tenant_member (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX tenant_member_by_group ON tenant_member (group_id) WHERE group_id IS NOT NULL;

CREATE TABLE access_right (
    id            text PRIMARY KEY,
    type          integer NOT NULL,  -- 0 everybody, 1 granted, 2 revoked
    permissions   text[] NOT NULL,
    user_id       text,
    group_id      text,
    resource_type integer NOT NULL,
    resource_id   text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (type, user_id, group_id, resource_type, resource_id)
);

CREATE TABLE task_filter (
    id            text PRIMARY KEY,
    resource_type text NOT NULL,
    name          text NOT NULL,
    owner         text,
    query         jsonb NOT NULL,
    properties    jsonb NOT NULL
);
