SELECT current_setting('server_version') AS version,
       current_user AS role,
       current_database() AS name,
       current_setting('server_encoding') AS encoding,
       current_setting('transaction_read_only')::bool AS read_only,
       current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS synchronous_commit
