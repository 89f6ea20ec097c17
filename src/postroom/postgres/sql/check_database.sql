SELECT current_setting('server_version') AS version,
       current_user AS role,
       (SELECT max(version_num) FROM alembic_version) AS revision,
       has_table_privilege('email_provisioning_log', 'UPDATE, DELETE, TRUNCATE') AS may_change_log,
       current_setting('transaction_read_only')::bool AS read_only,
       current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS synchronous_commit
