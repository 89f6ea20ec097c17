"""JMAP for browsers and programs: the mail server's own, through Postroom, for one person at a time."""
