"""What can go wrong, told apart by what Postroom does about it.

    PostroomError
    ├── Refused              the input is wrong: say why, keep nothing, never retry
    ├── DatabaseUnavailable          PostgreSQL is away: nothing was stored, ask again later
    ├── Unstorable           PostgreSQL refuses a value: store the same with another text
    ├── KratosUnavailable           Kratos does not answer, or is not well: the sweep waits, nobody is logged out
    │   └── PageTokenRefused the sweep cannot go on from where it is: it begins anew
    ├── NoSession            nobody is logged in
    ├── SecondFactorDue      somebody is, but Kratos wants a second factor first
    ├── FreshLoginRequired   somebody is, but logged in too long ago for this
    ├── CrossSite            another site made the browser send this
    ├── MailboxMissing       a mailbox is not at the mail server any more: it is not served, an operator must act
    ├── PublisherUnavailable        screens cannot be told now: tell them later
    ├── ConfigurationError   a setting or a part around us is wrong: the operator must act
    └── MailServerError      an attempt did not make the mailbox
        ├── Transient        try again; the outcome may be unknown
        ├── Throttled        try again when the server says so; nobody failed
        ├── Misconfigured    an operator must act; slow retry, alarm
        ├── Conflict         the address belongs to someone else
        └── Permanent        the mail server will never accept this

Only adapters raise `MailServerError`s; `domain.request` alone decides what each one costs.
"""


class PostroomError(Exception):
    """Root of all errors that Postroom raises on purpose. The text is for a person."""


class Refused(PostroomError):
    """The request cannot ever be fulfilled as it was made.

    `code` is a short stable word for programs (`reserved_name`, `nil_identity`, …).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DatabaseUnavailable(PostroomError):
    """PostgreSQL cannot be reached, or cannot serve us now; nothing of the present request was stored."""


class Unstorable(PostroomError):
    """PostgreSQL refuses a value that was to be stored (SQLSTATE classes 22 and 23), such as a text with a NUL."""


class KratosUnavailable(PostroomError):
    """Kratos does not answer, or is not well; nothing may be concluded from what it did say.

    `retry_after` is in seconds, None if Kratos, or a proxy before it, named no time.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PageTokenRefused(KratosUnavailable):
    """Kratos is well, but no page follows the token that it named: it was upgraded, say, or encrypts tokens anew."""


class NoSession(PostroomError):
    """Kratos is well and knows no session for these credentials; or the access token is unknown or has expired.

    `offers_basic`: no browser asked, so HTTP Basic may be named as a way in.
    """

    def __init__(self, message: str, *, offers_basic: bool = False) -> None:
        super().__init__(message)
        self.offers_basic = offers_basic


class SecondFactorDue(PostroomError):
    """The session is one of `aal1` where `aal2` is asked for. `redirect_to` is where the browser can go, if named."""

    def __init__(self, message: str, *, redirect_to: str | None = None) -> None:
        super().__init__(message)
        self.redirect_to = redirect_to


class FreshLoginRequired(PostroomError):
    """The login is too old for what was asked. `redirect_to` is where the browser can log in again, if known."""

    def __init__(self, message: str, *, redirect_to: str | None = None) -> None:
        super().__init__(message)
        self.redirect_to = redirect_to


class CrossSite(PostroomError):
    """A request with the browser's cookie that comes from a page of another origin."""


class Stopping(DatabaseUnavailable):
    """The process ends: nothing new is begun."""


class MailboxMissing(PostroomError):
    """The last look did not find the mailbox at the mail server, or found it without the identity's mark."""


class PublisherUnavailable(PostroomError):
    """Screens cannot be told at present; the events stay in the outbox."""


class ConfigurationError(PostroomError):
    """A setting, or a part that Postroom needs, is wrong; the text says what to change."""


class MailServerError(PostroomError):
    """An attempt ended without a mailbox. The text names the mail server's answer, never a secret."""


class Transient(MailServerError):
    """Trying again may help.

    `outcome_unknown` is true when the mail server may have made the mailbox all the same (a time-out
    or a cut connection after the request left): the next attempt looks up the mark before it creates.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown


class Throttled(MailServerError):
    """The mail server asked us to slow down. `retry_after` is in seconds, None if it named no time."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Misconfigured(MailServerError):
    """An operator must act. `domain` is None when the whole server refuses us (key, permissions, version), else the
    mail domain of the one mailbox that it refuses: the domain may be missing, or a permission, or room in a quota.
    `unauthorized` is true for a key that the server does not know: asking again with it counts towards a ban."""

    def __init__(self, message: str, *, domain: str | None = None, unauthorized: bool = False) -> None:
        super().__init__(message)
        self.domain = domain
        self.unauthorized = unauthorized


class Conflict(MailServerError):
    """The address is held by an account that does not carry this identity's mark; it is never adopted."""


class Permanent(MailServerError):
    """The mail server will never accept this request as it is."""
