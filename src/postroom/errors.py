"""The errors of Postroom, one class for each way in which it handles them.

    PostroomError
    ├── Refused               the input is wrong: say why, store nothing, never retry
    ├── DatabaseUnavailable   PostgreSQL is unavailable: nothing was stored, try again later
    │   ├── LoginRefused      it runs and refuses our login: an operator must act
    │   └── Stopping          this process stops: nothing was stored, another process may store it
    ├── Unstorable            PostgreSQL refuses a value: store the same with another text
    ├── KratosUnavailable     Kratos does not answer, or is unhealthy: the sweep waits, nobody is logged out
    │   ├── KratosAnswerUnusable  it answered, and nobody can use it: it may have checked what it was sent
    │   └── PageTokenRefused  the sweep cannot continue from its page: it begins a new pass
    ├── NoSession             there is no session
    ├── SecondFactorDue       there is a session, but Kratos asks for a second factor first
    ├── FreshLoginRequired    there is a session, but its login is too old for this
    ├── CrossSite             another site made the browser send this
    ├── TooManyGuesses        too many wrong passwords or codes: this client waits before the next one
    ├── MailboxMissing        a mailbox is not at the mail server any more: it is not served, an operator must act
    ├── ListServerFailed      the server of a mailing list did not do what it was asked
    ├── PublisherUnavailable  live events cannot be published now: publish them later
    ├── ConfigurationError    a setting or a part around us is wrong: the operator must act
    └── MailServerError       an attempt did not make the mailbox
        ├── Transient         try again; the outcome may be unknown
        ├── Throttled         try again when the server says so; it counts as no failure
        ├── Misconfigured     an operator must act; slow retry, alarm
        ├── Conflict          the address belongs to another account
        └── Permanent         the mail server will never accept this

Only adapters raise `MailServerError`s; only `domain.request` decides what each one costs.
"""


class PostroomError(Exception):
    """Base class of all errors that Postroom raises on purpose. The text is for a person; `fix` is what an operator can
    do about it, "" where the text says so or nobody can do anything."""

    def __init__(self, message: str = "", *, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix

    @property
    def with_fix(self) -> str:
        return f"{self}; {self.fix}" if self.fix else str(self)


class Refused(PostroomError):
    """The request can never be fulfilled as it was made.

    `code` is a short stable word for programs (`reserved_name`, `nil_identity`, …).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DatabaseUnavailable(PostroomError):
    """PostgreSQL cannot be reached, or cannot serve us now; nothing of the current request was stored."""


class LoginRefused(DatabaseUnavailable):
    """PostgreSQL runs, and lets us in only after an operator has acted: a wrong password, or a missing database."""


class Unstorable(PostroomError):
    """PostgreSQL refuses to store a value (SQLSTATE classes 22 and 23), such as a text with a NUL."""


class KratosUnavailable(PostroomError):
    """Kratos does not answer, or is unhealthy; its response, if any, proves nothing.

    `retry_after` is in seconds, None if neither Kratos nor a proxy before it named a time.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KratosAnswerUnusable(KratosUnavailable):
    """Kratos answered, and nobody can use it: it may have checked what it was sent."""


class PageTokenRefused(KratosUnavailable):
    """Kratos is healthy but refuses the page token that it issued: it was upgraded, say, or its key has changed."""


class NoSession(PostroomError):
    """Kratos is healthy and knows no session for these credentials; or the access token is unknown or has expired.

    `offers_basic`: the client is not a browser, so the response may offer HTTP Basic.
    """

    def __init__(self, message: str, *, offers_basic: bool = False) -> None:
        super().__init__(message)
        self.offers_basic = offers_basic


class SecondFactorDue(PostroomError):
    """The session has `aal1` where `aal2` is required. `redirect_to` is where the browser can go, if known."""

    def __init__(self, message: str, *, redirect_to: str | None = None) -> None:
        super().__init__(message)
        self.redirect_to = redirect_to


class FreshLoginRequired(PostroomError):
    """The login is too old for this request. `redirect_to` is where the browser can log in again, if known."""

    def __init__(self, message: str, *, redirect_to: str | None = None) -> None:
        super().__init__(message)
        self.redirect_to = redirect_to


class CrossSite(PostroomError):
    """A request with the browser's cookie from a page of another origin."""


class ListServerFailed(PostroomError):
    """`code` is the problem's: `list_server_failed`, `list_server_redirects` or `list_server_silent`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stopping(DatabaseUnavailable):
    """The process is stopping: nothing new begins."""


class TooManyGuesses(PostroomError):
    """`retry_after`: seconds until this client may submit another password or code."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many wrong passwords or codes; wait, then try again")
        self.retry_after = retry_after


class MailboxMissing(PostroomError):
    """The last check did not find the mailbox at the mail server, or found it without the identity's mark."""


class PublisherUnavailable(PostroomError):
    """Events cannot be published at present; they stay in the outbox."""


class ConfigurationError(PostroomError):
    """A setting, or a part that Postroom needs, is wrong; the text says what to change."""


class MailServerError(PostroomError):
    """An attempt ended without a mailbox. The text names the mail server's response, never a secret."""


class Transient(MailServerError):
    """Another try may succeed.

    `outcome_unknown` is true when the mail server may have created the mailbox all the same (a time-out or a broken
    connection after the request was sent): the next attempt looks up the mark before it creates.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.outcome_unknown = outcome_unknown


class Throttled(MailServerError):
    """The mail server asked us to slow down. `retry_after` is in seconds, None if it named no time."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Misconfigured(MailServerError):
    """An operator must act. `domain` is None when the server refuses all our requests (key, permissions, version), else
    the mail domain of the one mailbox that it refuses: the domain or a permission may be missing, or a quota be full.
    `unauthorized` is true for a key that the server does not know: each use of it counts towards a ban."""

    def __init__(self, message: str, *, domain: str | None = None, unauthorized: bool = False, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.domain = domain
        self.unauthorized = unauthorized


class Conflict(MailServerError):
    """An account without this identity's mark holds the address; such an account is never adopted."""


class Permanent(MailServerError):
    """The mail server will never accept this request as it is."""
