"""Adapters for Stalwart. One generation so far: `registry` (Stalwart 0.16 and 1.x, managed over JMAP)."""
