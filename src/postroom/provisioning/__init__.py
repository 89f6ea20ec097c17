"""Accepts and attempts requests, sweeps Kratos' identities, and checks the mailboxes on record."""
