SELECT has_table_privilege('email_provisioning_log', 'UPDATE, DELETE, TRUNCATE') AS may_change
