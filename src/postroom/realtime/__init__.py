"""How a person's screen learns at once: by Centrifugo, or by server-sent events of our own."""
