-- Whose an address is. `wanted`: of a request without a mailbox; it ends with the request. `held`: of a mailbox, also of one that
-- cannot be found, or whose request is dead. `old`, `leaving`: of a mailbox whose identity has another address; nothing writes
-- them yet. All statements of this file and of those beside it may run twice: an interrupted migration starts again from here.
CREATE TABLE IF NOT EXISTS addresses (
    address     text NOT NULL,
    identity_id uuid NOT NULL,
    role        text NOT NULL CHECK (role IN ('wanted', 'held', 'old', 'leaving')),
    PRIMARY KEY (address, identity_id)
);
CREATE UNIQUE INDEX IF NOT EXISTS addresses_reserved ON addresses (address) WHERE role <> 'leaving';

-- For statements that do not know the table: those of code from before this revision, and of an operator. They reserve by the
-- index email_requests_address alone, so an address that another identity has stays with that one. Sessions of code that knows
-- the table say so by a setting, and this trigger does nothing there. With the rights of the owner: the role of the service gets
-- its rights on the table only after the migration.
CREATE OR REPLACE FUNCTION write_addresses() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM addresses WHERE address = OLD.email AND identity_id = OLD.identity_id AND role = 'wanted';
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.state = 'dead' OR NEW.email <> OLD.email) THEN
        DELETE FROM addresses WHERE address = OLD.email AND identity_id = OLD.identity_id AND role = 'wanted';
    END IF;
    IF NEW.state <> 'dead' THEN
        -- That of a mailbox, if it is being made again. The migration may not have come to it.
        INSERT INTO addresses (address, identity_id, role)
        SELECT NEW.email, NEW.identity_id, CASE WHEN EXISTS (
            SELECT FROM email_accounts a WHERE a.kratos_identity_id = NEW.identity_id AND a.email = NEW.email
        ) THEN 'held' ELSE 'wanted' END
        ON CONFLICT DO NOTHING;
    END IF;
    IF NEW.state = 'provisioned' OR (TG_OP = 'UPDATE' AND OLD.state = 'provisioned') THEN
        UPDATE addresses SET role = 'held' WHERE address = NEW.email AND identity_id = NEW.identity_id AND role = 'wanted';
    END IF;
    RETURN NULL;
END $$;
-- A temporary table of this name would otherwise be found first: whoever may make one would run triggers of it as the owner.
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION write_addresses() SET search_path = %I, pg_temp', current_schema());
END $$;
