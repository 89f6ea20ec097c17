SELECT id, host, pid, kind, version, revision, started_at, seen_at, extract(epoch FROM now() - seen_at)::float8 AS unseen_seconds, loops
FROM processes ORDER BY host, kind, started_at
