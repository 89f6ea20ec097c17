-- Until the end of the transaction nobody else is let through: two at once would both see the last place.
SELECT b.closed, b.judged_at IS NOT NULL AS is_judged,
       coalesce((SELECT (counted ->> 'mailboxes')::integer FROM identity_sweep), 0) AS mailboxes
FROM brake b FOR UPDATE OF b
