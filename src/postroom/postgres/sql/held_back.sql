-- The causes that requests wait for besides their due time, how many wait, and the last error.
SELECT waits_for, requests,
       (SELECT r.last_error FROM email_requests r WHERE r.waits_for = causes.waits_for ORDER BY enqueued_at DESC LIMIT 1)
           AS last_error
FROM (SELECT waits_for, count(*) AS requests FROM email_requests WHERE waits_for IS NOT NULL GROUP BY waits_for) AS causes
ORDER BY requests DESC LIMIT %(limit)s
