"""Adapters for Ory Kratos: the identities of its admin API and the sessions of its public API."""
