-- Among the newest entries of the audit: when Kratos' last hook arrived, and how many identities the sweep alone has
-- found since. Its other rows have an error message: a changed address. And how many identities have changed their address or
-- name within a day, of which the sweep alone knows.
WITH newest AS (
    SELECT created_at, action, error_message, trigger_id FROM email_provisioning_log
    ORDER BY created_at DESC LIMIT %(limit)s
), last AS (
    SELECT max(created_at) AS hooked_at FROM newest WHERE trigger_id IS NOT NULL
)
SELECT hooked_at,
       (SELECT count(*) FROM newest
        WHERE action = 'sweep' AND error_message IS NULL AND created_at > coalesce(hooked_at, '-infinity')) AS swept,
       (SELECT count(DISTINCT identity_id) FROM doubts
        WHERE kind IN ('rename', 'name') AND found_by = 'sweep' AND since > now() - interval '1 day') AS changed
FROM last
