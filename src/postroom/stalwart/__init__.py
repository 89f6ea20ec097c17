"""The mail server. One generation so far: `registry` (Stalwart 0.16 and 1.x, management over JMAP)."""
