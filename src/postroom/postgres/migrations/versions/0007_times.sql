-- Python cannot represent 'infinity', which an operator may set to hold a request back, nor years above 9999. One such
-- row stopped every loop that read it, in every process. Requests with such a time become due now.
UPDATE email_requests SET due_at = now() WHERE due_at NOT BETWEEN '2000-01-01Z' AND '9000-01-01Z';
UPDATE email_requests SET enqueued_at = now() WHERE enqueued_at NOT BETWEEN '2000-01-01Z' AND '9000-01-01Z';
ALTER TABLE email_requests ADD CONSTRAINT email_requests_times_check CHECK (
    due_at BETWEEN '2000-01-01Z' AND '9000-01-01Z' AND enqueued_at BETWEEN '2000-01-01Z' AND '9000-01-01Z'
);

INSERT INTO schema_history (revision, oldest_code) VALUES ('0007', '0003');
