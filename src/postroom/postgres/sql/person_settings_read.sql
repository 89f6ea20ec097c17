SELECT document, etag FROM person_settings WHERE kratos_identity_id = %(identity_id)s
