-- 'infinity', which an operator may set to hold a request back, and years above 9999 are no times that Python reads: one
-- such row broke every loop that met it, in each process. Whoever has one must be looked at now.
UPDATE email_requests SET due_at = now() WHERE due_at NOT BETWEEN '2000-01-01Z' AND '9000-01-01Z';
UPDATE email_requests SET enqueued_at = now() WHERE enqueued_at NOT BETWEEN '2000-01-01Z' AND '9000-01-01Z';
ALTER TABLE email_requests ADD CONSTRAINT email_requests_times_check CHECK (
    due_at BETWEEN '2000-01-01Z' AND '9000-01-01Z' AND enqueued_at BETWEEN '2000-01-01Z' AND '9000-01-01Z'
);

INSERT INTO schema_history (revision, oldest_code) VALUES ('0007', '0003');
