-- want_*: what the identity wants of its mailbox, as far as the brake has let it through. All are NULL until something is wanted
-- that differs from what is on record: so older code, which does not know them, may go on writing email and display_name, and no
-- row is written now. want_because: why nobody may log in; want_version: the version of the identity that was read.
-- goal: the number of what is wanted; a change that is due has another goal than the one that was reached last (have_goal).
-- given_up: the goal that ended as a dead letter.
ALTER TABLE email_requests
    ADD COLUMN IF NOT EXISTS want_email      text,
    ADD COLUMN IF NOT EXISTS want_name       text,
    ADD COLUMN IF NOT EXISTS want_because    text,
    ADD COLUMN IF NOT EXISTS want_version    timestamptz,
    ADD COLUMN IF NOT EXISTS want_written_at timestamptz,
    ADD COLUMN IF NOT EXISTS operator_suspended_at     timestamptz,
    ADD COLUMN IF NOT EXISTS operator_suspended_by     text,
    ADD COLUMN IF NOT EXISTS operator_suspended_reason text,
    ADD COLUMN IF NOT EXISTS goal      integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS have_goal integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS given_up  integer,
    DROP CONSTRAINT IF EXISTS email_requests_want_because_check,
    ADD CONSTRAINT email_requests_want_because_check CHECK (want_because IN ('inactive', 'absent')) NOT VALID,
    DROP CONSTRAINT IF EXISTS email_requests_goal_check,
    ADD CONSTRAINT email_requests_goal_check CHECK (have_goal BETWEEN 0 AND goal AND (given_up IS NULL OR given_up <= goal)) NOT VALID;
