UPDATE live_events SET announced_at = now() WHERE id = ANY(%(event_ids)s) AND announced_at IS NULL
