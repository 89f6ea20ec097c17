"""Stand-ins, embedded servers and faults: a whole Postroom to try on one machine. Never for production."""
