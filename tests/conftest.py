"""Sockets on loopback only, warnings as errors: both set in pyproject.toml. Real servers: servers.py."""

pytest_plugins = ["servers", "cyrus_mail", "stalwart_mail"]
