-- dismissed_at: when an operator dismissed the dead letter. It stays dead, but is no longer listed or counted. A
-- trigger ends the dismissal, because code from before this revision may retry or revive the request and does not set
-- the column. These statements may run twice: they are committed before the indexes of this revision are built, outside
-- of a transaction, and an interrupted migration starts again from here.
ALTER TABLE email_requests ADD COLUMN IF NOT EXISTS dismissed_at timestamptz;

CREATE OR REPLACE FUNCTION end_dismissal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.dismissed_at := NULL;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER dismissal_ends BEFORE UPDATE OF state ON email_requests
    FOR EACH ROW WHEN (NEW.dismissed_at IS NOT NULL AND NEW.state <> 'dead') EXECUTE FUNCTION end_dismissal();
