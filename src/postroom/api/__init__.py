"""HTTP: the provisioning webhook, health, metrics."""
