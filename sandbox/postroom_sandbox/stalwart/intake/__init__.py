"""Incoming mail of the stand-in for Stalwart (LMTP, the queue), and its notifications (event streams, webhooks)."""

from postroom_sandbox.stalwart.intake.intake import Intake

__all__ = ["Intake"]
