-- Whom the brake let through in the last day. All statements of this file and of those beside it may run twice: an interrupted
-- migration starts again from here.
CREATE TABLE IF NOT EXISTS let_through (
    identity_id uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('rename', 'inactive', 'absent')),
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (identity_id, kind)
);
CREATE INDEX IF NOT EXISTS let_through_at ON let_through (at);
