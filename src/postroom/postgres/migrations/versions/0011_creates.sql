-- Creates fail, whoever they are for: creates_error is why (NULL: they work, as far as is known), creates_changed_at since
-- when they fail or work, creates_probe_at when the next create probe is due. Requests then wait for 'creates'.
-- slow_until: workers claim nothing until then, after a 429 with Retry-After.
ALTER TABLE mail_server_breaker
    ADD COLUMN creates_error      text,
    ADD COLUMN creates_changed_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN creates_probe_at   timestamptz,
    ADD COLUMN slow_until         timestamptz,
    ADD CHECK ((creates_error IS NULL) = (creates_probe_at IS NULL));

-- Older code takes 'creates' for a cause of the breaker, releases these requests each second, and buries them.
INSERT INTO schema_history (revision, oldest_code) VALUES ('0011', '0011');
