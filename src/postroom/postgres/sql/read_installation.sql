SELECT value FROM postroom_facts WHERE name = %(name)s
