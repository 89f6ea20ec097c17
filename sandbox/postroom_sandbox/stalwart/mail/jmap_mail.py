"""JMAP mail as a whole: it constructs the parts, and passes each method call to its data type."""

from datetime import UTC, datetime

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.domains import Domains
from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.jmap_settings import UploadQuota
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail.blob_methods import BlobMethods
from postroom_sandbox.stalwart.mail.blobs import Blobs
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.contacts import AddressBooks, ContactCards
from postroom_sandbox.stalwart.mail.data_type import MailCall, Method
from postroom_sandbox.stalwart.mail.email_store import EmailStore
from postroom_sandbox.stalwart.mail.emails import Emails
from postroom_sandbox.stalwart.mail.identities import Identities
from postroom_sandbox.stalwart.mail.mailbox_store import MailboxStore
from postroom_sandbox.stalwart.mail.mailboxes import Mailboxes
from postroom_sandbox.stalwart.mail.quotas import Quotas
from postroom_sandbox.stalwart.mail.search_snippets import SearchSnippets
from postroom_sandbox.stalwart.mail.sieve_scripts import SieveScripts
from postroom_sandbox.stalwart.mail.state_changes import StateChanges
from postroom_sandbox.stalwart.mail.submissions import Submissions
from postroom_sandbox.stalwart.mail.threads import ThreadType
from postroom_sandbox.stalwart.mail.vacation_responses import VacationResponses
from postroom_sandbox.stalwart.object_type import Access, Created
from postroom_sandbox.stalwart.store import Store


class Mail:
    """`store` accepts incoming mail, `submissions` holds the queue, `state_changes` notifies event streams."""

    def __init__(self, store: Store, accounts: Accounts, domains: Domains, quota: UploadQuota) -> None:
        self.state_changes = StateChanges()
        self.log = ChangeLog(store, self.state_changes)
        self.blobs = Blobs(store, quota.lifetime)
        self.folders = MailboxStore(store)
        self.store = EmailStore(store, accounts, self.log, self.blobs, self.folders)
        mailboxes = Mailboxes(store, self.log, self.folders, self.store)
        threads = ThreadType(store, self.log)
        emails = Emails(store, self.log, self.blobs, self.folders, self.store)
        identities = Identities(store, self.log, accounts)
        self.submissions = Submissions(store, self.log, self.blobs, domains, identities, emails, self.store)
        scripts = SieveScripts(store, self.log, self.blobs)
        vacations = VacationResponses(store, self.log, scripts)
        quotas = Quotas(store, self.log, accounts, self.store)
        blobs = BlobMethods(self.blobs, quota)
        books, cards = AddressBooks(store, self.log), ContactCards(store, self.log)
        self._methods: dict[str, Method] = {
            "Mailbox/get": mailboxes.get,
            "Mailbox/changes": mailboxes.changes,
            "Mailbox/query": mailboxes.query,
            "Mailbox/queryChanges": mailboxes.query_changes,
            "Mailbox/set": mailboxes.set,
            "Thread/get": threads.get,
            "Thread/changes": threads.changes,
            "Email/get": emails.get,
            "Email/changes": emails.changes,
            "Email/query": emails.query,
            "Email/queryChanges": emails.query_changes,
            "Email/set": emails.set,
            "Email/import": emails.import_,
            "Email/parse": emails.parse,
            "SearchSnippet/get": SearchSnippets(store, self.store).get,
            "Identity/get": identities.get,
            "Identity/changes": identities.changes,
            "Identity/set": identities.set,
            "EmailSubmission/get": self.submissions.get,
            "EmailSubmission/changes": self.submissions.changes,
            "EmailSubmission/query": self.submissions.query,
            "EmailSubmission/queryChanges": self.submissions.query_changes,
            "EmailSubmission/set": self.submissions.set,
            "VacationResponse/get": vacations.get,
            "VacationResponse/set": vacations.set,
            "SieveScript/get": scripts.get,
            "SieveScript/query": scripts.query,
            "SieveScript/set": scripts.set,
            "SieveScript/validate": scripts.validate,
            "AddressBook/get": books.get,
            "AddressBook/changes": books.changes,
            "ContactCard/get": cards.get,
            "ContactCard/changes": cards.changes,
            "ContactCard/query": cards.query,
            "ContactCard/queryChanges": cards.query_changes,
            "ContactCard/set": cards.set,
            "Quota/get": quotas.get,
            "Quota/query": quotas.query,
            "Quota/changes": quotas.changes,
            "Blob/get": blobs.get,
            "Blob/upload": blobs.upload,
        }

    def knows(self, method: str) -> bool:
        return method in self._methods

    def call(self, method: str, access: Access, arguments: JSON, created: Created) -> list[tuple[str, JSON]]:
        """The response, and the responses of implied calls. Raises MethodError."""
        if not all(map(access.may, _permissions(method, arguments))):
            raise MethodError("forbidden", "You are not authorized to perform this action")
        number = ids.decode(arguments.get("accountId"))
        if number is None:
            raise MethodError("invalidArguments", 'The "accountId" property is required.')
        if not access.reaches(number):
            raise MethodError("forbidden", f"You do not have access to account {arguments['accountId']}")
        self.folders.ensure(number)
        call = MailCall(access, number, created)
        response = {"accountId": ids.encode(number)} | self._methods[method](call, arguments)
        self.submissions.send_due(datetime.now(UTC))
        implied = [(name, {"accountId": ids.encode(number)} | more) for name, more in call.implied]
        return [(method, response), *implied]


def _permissions(method: str, arguments: JSON) -> list[str]:
    """The permissions that a call needs: a /set needs one for each kind of change."""
    name, _, verb = method.partition("/")
    if verb != "set":
        return [f"jmap{name}{verb[0].upper()}{verb[1:]}"]
    return [f"jmap{name}{act.capitalize()}" for act in ("create", "update", "destroy") if arguments.get(act)]
