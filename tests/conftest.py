"""pyproject.toml allows sockets on loopback only and turns warnings into errors. Real servers: servers.py."""

pytest_plugins = ["servers", "cyrus_mail", "stalwart_mail"]
