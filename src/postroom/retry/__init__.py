"""The retry heart: who is due, who may run, when to look again."""
