"""Mail for people: who asks, what arrived, who is told."""
