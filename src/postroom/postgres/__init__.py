"""PostgreSQL, the source of truth: the requests, the accounts, the audit and the breaker."""
