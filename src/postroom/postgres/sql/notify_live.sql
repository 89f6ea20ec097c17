SELECT pg_notify('postroom_live', payload) FROM unnest(%(payloads)s::text[]) AS payload
