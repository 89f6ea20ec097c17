SELECT max(id) AS id FROM live_events WHERE kratos_identity_id = %(identity_id)s
