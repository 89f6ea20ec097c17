"""HTTP/1.1 to the mail server, on connections of our own."""
