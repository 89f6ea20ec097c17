-- What a change of an account ends or begins elsewhere. The tenth part of the schema.

-- Another number after each change of what the account may do, or of its credentials: logins that are remembered end.
ALTER TABLE accounts ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER permissions_change AFTER UPDATE OF document ON accounts
WHEN OLD.document -> '$.roles' <> NEW.document -> '$.roles'
    OR OLD.document -> '$.permissions' <> NEW.document -> '$.permissions'
BEGIN UPDATE accounts SET revision = revision + 1 WHERE id = NEW.id; END;

CREATE TRIGGER roles_change AFTER UPDATE ON roles
BEGIN UPDATE accounts SET revision = revision + 1; END;

CREATE TRIGGER credentials_begin AFTER INSERT ON credentials
BEGIN UPDATE accounts SET revision = revision + 1 WHERE id = NEW.account_id; END;

CREATE TRIGGER credentials_change AFTER UPDATE ON credentials
WHEN OLD.secret <> NEW.secret OR json(OLD.document) <> json(NEW.document)
BEGIN UPDATE accounts SET revision = revision + 1 WHERE id = NEW.account_id; END;

CREATE TRIGGER credentials_end AFTER DELETE ON credentials
BEGIN UPDATE accounts SET revision = revision + 1 WHERE id = OLD.account_id; END;

-- For which addresses the account's identities were made, as a JSON list.
ALTER TABLE mail_accounts ADD COLUMN identity_addresses TEXT;

UPDATE singletons SET document = json_insert(document, '$.accessTokenExpiry', 3600000) WHERE name = 'OidcProvider';

PRAGMA user_version = 10;
