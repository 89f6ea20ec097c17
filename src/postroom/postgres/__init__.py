"""PostgreSQL, which decides: the requests, the accounts, the audit and the breaker."""
