SELECT after_id, extract(epoch FROM due_at - clock_timestamp())::float8 AS due_in, finished_at FROM mailbox_inspection
