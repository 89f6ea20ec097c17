"""The JMAP gateway: gives browsers and programs access to the mail server's JMAP, limited to one person's account."""
