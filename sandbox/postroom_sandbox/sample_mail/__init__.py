"""Believable mail for a mailbox of the trial: invented people and firms, written as data in `words/` and `layouts/`."""
