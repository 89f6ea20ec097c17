"""What each process has whatever it does: its loops, their heartbeats, its end, its log and its metrics."""
