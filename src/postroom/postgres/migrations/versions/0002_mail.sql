-- Tokens for programs: what was shown once is kept as its hash alone.
CREATE TABLE access_tokens (
    id                 uuid PRIMARY KEY,
    kratos_identity_id uuid NOT NULL,
    name               text NOT NULL,
    token_hash         bytea NOT NULL UNIQUE,
    scopes             text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'send'] AND cardinality(scopes) > 0),
    created_at         timestamptz NOT NULL DEFAULT now(),
    expires_at         timestamptz NOT NULL,
    last_used_at       timestamptz
);
CREATE INDEX access_tokens_identity ON access_tokens (kratos_identity_id, created_at);

-- How we act for a person where there is no impersonation: an app password, encrypted by a key that is not here.
CREATE TABLE mail_credentials (
    kratos_identity_id  uuid PRIMARY KEY,
    stalwart_account_id text NOT NULL,
    credential_id       text NOT NULL,
    secret              bytea NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now()
);

-- Where Email/changes goes on, for people who were on line lately (seen_at).
CREATE TABLE mail_states (
    kratos_identity_id  uuid PRIMARY KEY,
    stalwart_account_id text NOT NULL,
    email               text NOT NULL,
    email_state         text,
    seen_at             timestamptz NOT NULL DEFAULT now(),
    checked_at          timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX mail_states_checked ON mail_states (checked_at);
-- Not unique: a mail server that was set up anew gives its ids to other people.
CREATE INDEX mail_states_account ON mail_states (stalwart_account_id);

-- The outbox: what screens are to be told, committed with what caused it.
CREATE TABLE live_events (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kratos_identity_id uuid NOT NULL,
    type               text NOT NULL,
    data               jsonb NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    claimed_until      timestamptz,
    announced_at       timestamptz
) WITH (fillfactor = 70);
CREATE INDEX live_events_of ON live_events (kratos_identity_id, id);
CREATE INDEX live_events_to_announce ON live_events (id) WHERE announced_at IS NULL;
CREATE INDEX live_events_announced ON live_events (announced_at) WHERE announced_at IS NOT NULL;
