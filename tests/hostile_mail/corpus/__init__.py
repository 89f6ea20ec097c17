"""The corpus: each module is a class of attacks."""

from . import clobbering, foreign, headers, mime, mutation, navigation, remote, scripts, size, styles, text

CLASSES = {
    module.__name__.rpartition(".")[2]: module.MAILS
    for module in (scripts, mutation, foreign, styles, remote, navigation, clobbering, size, headers, mime, text)
}
MAILS = tuple(mail for mails in CLASSES.values() for mail in mails)
