DELETE FROM processes WHERE id = %(id)s
