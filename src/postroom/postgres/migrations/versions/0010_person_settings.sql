-- What the interface keeps for a person. Text, not jsonb: the document is returned byte for byte as it was sent, and its tag
-- is a hash of these bytes.
CREATE TABLE person_settings (
    kratos_identity_id uuid PRIMARY KEY,
    document           text NOT NULL CHECK (octet_length(document) <= 65536),
    etag               text NOT NULL,
    changed_at         timestamptz NOT NULL DEFAULT now()
);

INSERT INTO schema_history (revision, oldest_code) VALUES ('0010', '0003');
