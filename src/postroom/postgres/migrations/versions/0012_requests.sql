-- What is to be done when the request is due. This version claims only `create`, and nothing writes the others yet.
ALTER TABLE email_requests
    ADD COLUMN IF NOT EXISTS step text NOT NULL DEFAULT 'create',
    DROP CONSTRAINT IF EXISTS email_requests_step_check,
    ADD CONSTRAINT email_requests_step_check CHECK (step IN ('create', 'change', 'link', 'purge')) NOT VALID;
CREATE OR REPLACE TRIGGER addresses_written AFTER INSERT OR DELETE OR UPDATE OF email, state ON email_requests
    FOR EACH ROW WHEN (current_setting('postroom.writes_addresses', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION write_addresses();
