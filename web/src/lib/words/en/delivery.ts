/** What became of a message: it is on its way, leaves later, was not received; and drafts that this device alone has. */
const count = (n: number) => n.toLocaleString('en')

export const delivery = {
  /** several recipients */
  others: (name: string, n: number) => `${name} + ${count(n)}`,
  sendingIn: (who: string, seconds: number) => `Sending to ${who} in ${count(seconds)} s`,
  /** for who cannot see the time that is left */
  sending: (who: string) => `Sending to ${who}`,
  keepTab: 'Keep this tab open.',
  waits: (who: string) => `The message to ${who} is sent when you are back online.`,
  waitsForServer: (who: string) => `The message to ${who} is sent once the mail server answers.`,
  waitsForSignIn: (who: string) => `The message to ${who} is not sent until you sign in again.`,
  leavesOn: (date: string) => `Leaves on ${date}`,
  sent: 'Sent',
  notSent: 'Not sent. Your draft is open again.',
  tooLate: 'Too late, it is on its way.',
  notUndone: 'It is not known whether this was undone.',
  scheduled: {
    none: 'Nothing is scheduled',
    noneHint: 'What you send later waits here.',
    at: (date: string) => `Scheduled for ${date}`,
    undo: 'Do not send',
    undoOf: (subject: string) => `Do not send: ${subject}`
  },
  refused: {
    title: (n: number, all: number) =>
      all === 1
        ? 'The recipient did not get this'
        : n === all
          ? `None of the ${count(all)} recipients got this`
          : `${n === 1 ? 'One' : count(n)} of ${count(all)} recipients did not get this`,
    person: (reason: string, code: string) => `${reason} (${code}).`,
    reasons: {
      unknown_mailbox: 'the mail server there knows no such mailbox',
      full: 'the mailbox is full',
      too_large: 'the message is too large for the mail server there',
      policy: 'the mail server there does not accept this message',
      other: 'the mail server there refused it'
    },
    more: (n: number) => `and ${count(n)} more`,
    said: 'The mail server says',
    resend: 'Correct and resend',
    hide: 'Hide'
  },
  unsent: {
    title: 'On this device only',
    to: (people: string) => `to ${people}`,
    nobody: '(no recipient yet)',
    device: 'Kept on this device',
    waiting: 'Waits for the connection',
    unknown: 'It is not known whether it left',
    not_sent: 'Not sent'
  }
}
