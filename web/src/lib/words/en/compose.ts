/** Windows of writing. */
const count = (n: number) => n.toLocaleString('en')
const plural = (n: number, one: string, many: string) => `${count(n)} ${n === 1 ? one : many}`

export const compose = {
  newMessage: 'New message',
  windows: 'Messages being written',
  undo: 'Undo',
  cancel: 'Cancel',
  minimise: 'Minimise',
  fullSize: 'Full size',
  ownWindow: 'Open in its own window',
  close: 'Save and close',
  tab: (subject: string) => `Go on writing: ${subject}`,
  more: 'More',
  save: {
    saving: 'Saving…',
    saved: (time: string) => `Saved ${time}`,
    device: 'Kept on this device',
    failed: 'Not saved'
  },
  fields: { from: 'From', to: 'To', cc: 'Cc', bcc: 'Bcc', subject: 'Subject', text: 'Message' },
  showCopies: 'Show Cc and Bcc',
  suggestions: 'Suggestions',
  folded: (n: number) => `and ${plural(n, 'more recipient', 'more recipients')}`,
  recipient: (name: string, address: string) => `${name}, ${address}`,
  invalid: (text: string) => `${text} is not an address yet`,
  remove: (name: string) => `Remove ${name}`,
  edit: 'Edit',
  moveTo: (list: string) => `Move to ${list}`,
  showQuoted: 'Show quoted text',
  quotedWhole: 'The quoted message stands here in full. Some of it may not have been visible when you read it.',
  format: {
    bar: 'Format',
    bold: 'Bold',
    italic: 'Italic',
    list: 'Bulleted list',
    numbers: 'Numbered list',
    quote: 'Quote',
    link: 'Link',
    picture: 'Insert a picture',
    attach: 'Attach files'
  },
  link: {
    title: 'Where does the link lead?',
    address: 'Address',
    wrong: 'This is not an address of the web, of mail or of a telephone.',
    set: 'Set link',
    remove: 'Remove link'
  },
  plain: 'Plain text',
  rich: 'Formatted text',
  askPlain: {
    title: 'Remove the formatting?',
    text: 'Plain text has no bold, lists, links or pictures. The words stay.',
    do: 'Remove formatting'
  },
  receipt: 'Ask for a receipt',
  noReceipt: 'Ask for no receipt',
  discard: 'Discard draft',
  discarded: 'Draft discarded',
  back: 'The draft is back',
  drop: 'Drop files here to attach them',
  hide: 'Hide',
  files: {
    pasted: 'What you pasted is too long to be edited here. It is attached as a file.',
    pastedName: 'Pasted text.txt',
    list: 'Attachments',
    progress: (percent: string) => `${percent} uploaded`,
    cancel: (name: string) => `Cancel the upload of ${name}`,
    remove: (name: string) => `Remove ${name}`,
    failed: 'Not uploaded',
    again: 'Try again',
    tooLarge: (name: string, most: string) => `${name} is larger than the ${most} that the mail server accepts.`,
    tooMuch: (name: string, most: string) =>
      `${name} was not attached: all files of a message together may have ${most}.`,
    refused: (name: string) => `${name} was not attached.`
  },
  send: 'Send',
  sending: 'Sending…',
  waiting: 'Waits for the connection',
  later: {
    title: 'Send later',
    tonight: 'Tonight',
    tomorrow: 'Tomorrow morning',
    monday: 'Monday morning',
    pick: 'Pick a date and time…',
    held: (zone: string) => `Waits on the mail server, so it leaves even if this device is off. Time zone: ${zone}.`,
    when: 'Date and time',
    tooLate: (until: string) => `The mail server keeps a message until ${until} at most.`,
    past: 'This time is over.'
  },
  objection: {
    nobody: 'Add a recipient first.',
    notAddresses: (texts: string) => `Not an address yet: ${texts}`,
    uploading: (names: string) => `Still being uploaded: ${names}. Send again when that is done.`,
    uploadFailed: (names: string) => `Not uploaded: ${names}. Try again, or remove it.`,
    noAttachment: (word: string) => `You mention an attachment (“${word}”), and there is none.`,
    noSubject: 'This message has no subject.',
    anyway: 'Send anyway'
  },
  unknown: {
    text: 'We do not know whether it left.',
    again: 'Send again',
    keep: 'Keep as draft'
  },
  elsewhere: { text: 'This message is being written in another tab.', takeOver: 'Take over' },
  conflict: {
    changed: 'Another device changed this draft, too. Both versions are kept in Drafts.',
    sent: 'Another device sent this draft. What you wrote since then is kept.'
  },
  notSent: 'Not sent.',
  hideReason: 'Hide why it was not sent',
  reasons: {
    not_kept:
      'This browser could not note on this device that the message is sent; its storage may be full. Make room and send again, or send it from another browser.',
    identity_gone:
      'The address that it was to be sent from is not yours any more. Send again to send it from your own one.',
    tooLarge: 'The message is too large for the mail server.',
    blobNotFound: 'The mail server has some of its files no more. Send again once they are uploaded.',
    draft_changed: 'Send again if this version is the right one.',
    draft_sent: 'Send again if it should be sent once more.',
    already_sent: 'It left before, after all. Send again if it should be sent once more.',
    tooManyRecipients: 'These are more recipients than the mail server takes at once.'
  },
  reachedNobody: 'Nobody received this. The mail server says:',
  notSaved: 'Not saved. Copy your text before you leave this page.',
  from: { mayNot: (address: string) => `You may not send as ${address}.` },
  own: {
    title: (subject: string) => `${subject} – Postroom`,
    gone: 'This draft is not on this device any more.',
    closed: 'This message was closed. Its draft is kept.',
    sent: 'This message is on its way.',
    leavesOn: (date: string) => `This message leaves on ${date}.`,
    keepOpen: 'This message is on its way. Keep this window open until it has left.',
    waits: 'This message is sent once the mail server can be reached.',
    waitsForSignIn: 'This message is not sent until you sign in again.',
    toMail: 'To the mailbox'
  }
}
