"""Mail for people: credentials and devices, and the detection and publication of new mail."""
