"""The mailboxes of people: whether they are ready, and which account of the mail server each is."""
