/** Reporting a message as phishing: it goes to Spam, and nothing of its sender is loaded or opened from then on. */
import type { Message } from './mail.ts'
import type { Mail } from './mail.svelte.ts'
import type { Notices } from './notices.svelte.ts'

/** What is told of it. */
interface Said {
  readonly reported: string
  readonly undone: string
}

/** RFC 8621 §4.1.1: clients should disable links and attachments. */
const PHISHING = '$phishing'

interface Page {
  readonly mail: Mail
  readonly notices: Notices
}

/** Only this message is moved: others of the conversation may be from whom the sender pretends to be. */
export function reportPhishing({ mail, notices }: Page, message: Message, words: Said): void {
  const applied = [
    mail.actions.runOnMessages({ kind: 'label', keyword: PHISHING, on: true }, [message.id]),
    mail.actions.runOnMessages({ kind: 'spam', on: true }, [message.id])
  ]
  keep(mail, message, true)
  const undo = (): void => {
    applied.toReversed().forEach((action) => action?.undo())
    keep(mail, message, false)
  }
  notices.say(words.reported, { run: undo, done: words.undone })
}

/** The person trusts the sender after all. The message stays where it is. */
export function trust({ mail }: Page, message: Message): void {
  mail.actions.runOnMessages({ kind: 'label', keyword: PHISHING, on: false }, [message.id])
  keep(mail, message, false)
}

/** What the service could not keep holds until the page is left; the keyword is kept by the mail server. */
function keep(mail: Mail, { from }: Message, on: boolean): void {
  for (const { address } of from) if (address) mail.markReported(address, on).catch(() => undefined)
}
