DELETE FROM access_tokens WHERE id = %(token_id)s AND kratos_identity_id = %(identity_id)s RETURNING id
