-- When an operator dismissed a dead letter: it is neither listed nor counted any more, and stays dead. Code from before
-- this revision may still retry or revive it and does not know the column: hence a trigger.
-- These statements may run twice: the indexes of this revision are built outside of a transaction, which commits them.
ALTER TABLE email_requests ADD COLUMN IF NOT EXISTS dismissed_at timestamptz;

CREATE OR REPLACE FUNCTION end_dismissal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.dismissed_at := NULL;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER dismissal_ends BEFORE UPDATE OF state ON email_requests
    FOR EACH ROW WHEN (NEW.dismissed_at IS NOT NULL AND NEW.state <> 'dead') EXECUTE FUNCTION end_dismissal();
