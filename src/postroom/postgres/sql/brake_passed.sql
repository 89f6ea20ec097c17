-- How many people were let through in so many seconds without an operator, by kind.
SELECT kind, count(*) AS people FROM let_through
WHERE accepted_at IS NULL AND at > clock_timestamp() - make_interval(secs => %(seconds)s) GROUP BY kind
