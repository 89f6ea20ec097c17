-- The running processes. Each writes its row every 10 s, and deletes it when it stops cleanly. `loops` holds, for each
-- loop by name, the seconds since its last iteration (`age`) and the seconds after which it counts as late
-- (`late_after`).
CREATE TABLE processes (
    id         uuid PRIMARY KEY,
    host       text NOT NULL,
    pid        integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('serve', 'work')),
    version    text NOT NULL,
    -- the newest migration that its code contains
    revision   text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    loops      jsonb NOT NULL
);

INSERT INTO schema_history (revision, oldest_code) VALUES ('0005', '0003');
