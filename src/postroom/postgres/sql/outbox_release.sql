UPDATE live_events SET claimed_until = NULL WHERE id = ANY(%(event_ids)s) AND announced_at IS NULL
