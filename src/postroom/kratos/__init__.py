"""Ory Kratos: the identities its admin API lists, and the sessions its public API knows."""
