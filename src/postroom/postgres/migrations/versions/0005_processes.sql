-- The processes that run, each by a row that it writes every 10 s and deletes at a clean end. `loops` holds, by name,
-- the seconds since each loop last went round (`age`) and after how many it is late (`late_after`).
CREATE TABLE processes (
    id         uuid PRIMARY KEY,
    host       text NOT NULL,
    pid        integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('serve', 'work')),
    version    text NOT NULL,
    -- the newest migration that its code brings
    revision   text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    loops      jsonb NOT NULL
);

INSERT INTO schema_history (revision, oldest_code) VALUES ('0005', '0003');
