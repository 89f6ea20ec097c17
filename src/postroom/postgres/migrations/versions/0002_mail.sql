-- Access tokens for programs. Only the hash of a token is stored.
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

-- The app passwords with which Postroom acts for people where it cannot impersonate them. They are encrypted with a key
-- that is not in the database.
CREATE TABLE mail_credentials (
    kratos_identity_id  uuid PRIMARY KEY,
    stalwart_account_id text NOT NULL,
    credential_id       text NOT NULL,
    secret              bytea NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now()
);

-- The state from which Email/changes continues, for each person who was online recently (seen_at).
CREATE TABLE mail_states (
    kratos_identity_id  uuid PRIMARY KEY,
    stalwart_account_id text NOT NULL,
    email               text NOT NULL,
    email_state         text,
    seen_at             timestamptz NOT NULL DEFAULT now(),
    checked_at          timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX mail_states_checked ON mail_states (checked_at);
-- Not unique: after a reinstallation the mail server may assign the same id to another person.
CREATE INDEX mail_states_account ON mail_states (stalwart_account_id);

-- The outbox: events for browsers, each committed together with its cause. `announced_at` is when it was published.
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
