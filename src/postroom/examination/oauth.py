"""Stalwart's OAuth, by which an app password becomes tokens that outlive it."""

from postroom.errors import MailServerError
from postroom.examination.eyes import Eyes
from postroom.examination.finding import Finding
from postroom.examination.mail import HOW_TO
from postroom.mail_configuration import missing_for_mail
from postroom.runtime import Parts
from postroom.stalwart.client import StalwartClient
from postroom.stalwart.oauth_clients import TO_LOOK, registered_alone

PART = "oauth"


async def oauth(parts: Parts, administrator: StalwartClient | None) -> Finding | None:
    """With the eyes of `administrator`, else of our key. None where there is no mail for people."""
    if missing_for_mail(parts.settings):
        return None
    eyes = Eyes(parts, administrator)
    try:
        if lacking := await eyes.lacking(TO_LOOK):
            detail = f"not seen: our key lacks {', '.join(lacking)}"
            return Finding(PART, "warning", detail, f"give it to its role, or look with --admin LOGIN ({HOW_TO})")
        return of_clients(registered_alone=await registered_alone(eyes.client, eyes.registry))
    except MailServerError as error:
        return Finding(PART, "wrong", f"not seen: {eyes.why(error)}", "mend the mail server first")


def of_clients(*, registered_alone: bool) -> Finding:
    """What to say of the OAuth clients that Stalwart serves."""
    if registered_alone:
        return Finding(PART, "fine", "Stalwart gives tokens to registered OAuth clients alone")
    detail = "whoever reaches Stalwart's /api/auth may turn an app password into tokens that outlive its revocation"
    return Finding(PART, "warning", detail, f"let it serve registered OAuth clients alone ({HOW_TO})")
