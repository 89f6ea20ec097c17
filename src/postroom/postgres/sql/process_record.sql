-- Record that a process is alive; delete rows that were not written for a day. `loops` is JSON.
WITH forgotten AS (
    DELETE FROM processes WHERE seen_at < now() - interval '1 day' AND id <> %(id)s
)
INSERT INTO processes (id, host, pid, kind, version, revision, loops)
VALUES (%(id)s, %(host)s, %(pid)s, %(kind)s, %(version)s, %(revision)s, %(loops)s)
ON CONFLICT (id) DO UPDATE SET seen_at = now(), loops = excluded.loops
