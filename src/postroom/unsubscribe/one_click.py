"""Whether a person is taken off a mailing list by one request (RFC 8058), and where it goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from postroom.errors import Refused
from postroom.unsubscribe.authentication_results import Finding, findings
from postroom.unsubscribe.dkim_signature import DkimSignature, signature_of
from postroom.unsubscribe.list_uri import HttpsUrl, https_url, uris_of

ONE_CLICK = "List-Unsubscribe=One-Click"
"""The value of `List-Unsubscribe-Post`, and the body of the request (RFC 8058 §3.1)."""

MOST_SIGNATURES = 50
"""Of one message. A person can import any message, and each signature is compared with each result."""

_NAMES = frozenset({"list-unsubscribe", "list-unsubscribe-post"})
_SPAM = frozenset({"$junk", "$phishing"})
"""RFC 8621 §4.1.1 and the IANA registry of keywords."""


@dataclass(frozen=True, slots=True)
class ListMail:
    """Of one message: the raw values of its headers from top to bottom, its keywords, the roles of its mailboxes."""

    unsubscribe: Sequence[str]
    post: Sequence[str]
    results: Sequence[str]
    signatures: Sequence[str]
    keywords: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def one_click(mail: ListMail, authserv_id: str | None, accepts: Callable[[HttpsUrl], bool]) -> HttpsUrl:
    """The URL to which the request goes. `authserv_id` is the name of our mail server in Authentication-Results;
    `accepts` says whether a request may go to a URL. Raises `Refused`: the person may still write to the list, or open
    its page."""
    if "junk" in mail.roles or {each.lower() for each in mail.keywords} & _SPAM:
        raise _refused("the message is spam: a request would tell its sender that somebody reads it")
    # A second header of the name may stand above the signed one: a signature covers the lowest (RFC 6376 §5.4.2).
    if len(mail.unsubscribe) != 1 or len(mail.post) != 1:
        raise _refused("it needs exactly one List-Unsubscribe and one List-Unsubscribe-Post")
    if mail.post[0].strip() != ONE_CLICK:
        raise _refused("its List-Unsubscribe-Post is not List-Unsubscribe=One-Click")
    urls = filter(None, map(https_url, uris_of(mail.unsubscribe[0])))
    url = next(filter(accepts, urls), None)
    if url is None:
        raise _refused("its List-Unsubscribe has no https URL that can be used")
    found = findings(mail.results, authserv_id)
    if any(each.method == "dmarc" and each.result == "fail" for each in found):
        raise _refused("the mail server found that its sender is forged")
    signatures = [signature_of(each) for each in mail.signatures[:MOST_SIGNATURES]]
    # A signature that is not read could be the valid one.
    if len(mail.signatures) > MOST_SIGNATURES or not any(
        _covers(each, signatures) for each in found if (each.method, each.result) == ("dkim", "pass")
    ):
        raise _refused("no valid signature covers its List-Unsubscribe and its List-Unsubscribe-Post")
    return url


def _covers(finding: Finding, signatures: Sequence[DkimSignature | None]) -> bool:
    """Whether the signature that was found valid signs both headers (RFC 8058 §4). If the finding fits several, each
    must: whoever adds a signature can make it look like the valid one. Likewise, one that we cannot read may be it."""
    meant = [each for each in signatures if each is None or each.may_be(finding)]
    return bool(meant) and all(each is not None and each.signed >= _NAMES for each in meant)


def _refused(why: str) -> Refused:
    return Refused("not_one_click", f"this message offers no unsubscribing by one request: {why}")
