"""The stored mailboxes of an account: the default ones, and lookups by role and id."""

from postroom_sandbox.stalwart.store import Store

FIRST: dict[int, tuple[str, str]] = {
    0: ("inbox", "Inbox"),
    1: ("trash", "Deleted Items"),
    2: ("junk", "Junk Mail"),
    3: ("drafts", "Drafts"),
    4: ("sent", "Sent Items"),
}


class MailboxStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def ensure(self, account: int) -> None:
        """Create the default mailboxes at the first request for an account. This is its first change, which is not in
        the log. Stalwart does the same for any account number, even if there is no such account."""
        if self._store.row("SELECT 1 FROM mail_accounts WHERE account_id = ?", account):
            return
        with self._store.transaction():
            self._store.run("INSERT INTO mail_accounts (account_id, change_id) VALUES (?, 1)", account)
            for number, (role, name) in FIRST.items():
                sql = "INSERT INTO mailboxes (account_id, id, role, name) VALUES (?, ?, ?, ?)"
                self._store.run(sql, account, number, role, name)

    def with_role(self, account: int, role: str) -> int | None:
        row = self._store.row("SELECT id FROM mailboxes WHERE account_id = ? AND role = ?", account, role)
        return row[0] if row else None

    def exists(self, account: int, number: int | None) -> bool:
        return self._store.row("SELECT 1 FROM mailboxes WHERE account_id = ? AND id = ?", account, number) is not None

    def named(self, account: int, name: str, parent: int | None) -> int | None:
        """The mailbox with this name below that parent, or at the top."""
        sql = "SELECT id FROM mailboxes WHERE account_id = ? AND name = ? AND parent_id IS ?"
        row = self._store.row(sql, account, name, parent)
        return row[0] if row else None
