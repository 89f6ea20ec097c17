-- The addresses of the mailboxes that were there before, in the order of the indexes. No row needs to be locked: whatever becomes
-- of its request, the address of a mailbox stays held.
INSERT INTO addresses (address, identity_id, role)
SELECT email, identity_id, 'held' FROM email_requests WHERE state = 'provisioned' ORDER BY email
ON CONFLICT DO NOTHING
