"""Stand-ins, embedded servers and faults: a complete Postroom to try on one machine. Never for production."""
