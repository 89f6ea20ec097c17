"""How mail gets into the stand-in for Stalwart (LMTP, the queue), and how it tells of it (event streams, web hooks)."""

from postroom_sandbox.stalwart.intake.intake import Intake

__all__ = ["Intake"]
