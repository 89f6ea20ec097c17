/** The reader: attachments, the menu of a message, its source. */
export const reading = {
  close: 'Close',
  attachments: 'Attachments',
  notHere: 'Not on this device',
  warned: 'Not previewed because of the warning',
  preview: (name: string) => `Preview ${name}`,
  download: (name: string) => `Download ${name}`,
  saveAll: (n: number) => `Save all ${n.toLocaleString('en')}`,
  saving: 'Saving…',
  notSaved: 'Not saved: some of the files could not be loaded.',
  archive: 'Attachments',
  position: (at: number, total: number) => `${at.toLocaleString('en')} of ${total.toLocaleString('en')}`,
  previous: 'Previous attachment',
  next: 'Next attachment',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  loading: 'Loading…',
  save: 'Save',
  content: 'Content',
  notLoaded: 'This attachment does not load.',
  damaged: 'This picture cannot be shown. The file may be damaged.',
  cut: (shown: string, size: string) => `Only the first ${shown} of ${size} are shown. Save the file to see all of it.`,
  notShown: {
    kind: 'Only pictures and plain text are previewed. Save the file to open it in a program of yours.',
    svg: 'SVG files are not previewed: unlike photos, they can contain scripts.',
    program:
      'This file can do something when it is opened, so it is not previewed. Open it only if you trust its sender.',
    large: 'This picture is too large to be previewed.'
  },
  menu: {
    filterLike: 'Filter messages like this',
    forwardAsAttachment: 'Forward as attachment',
    print: 'Print',
    printAll: 'Print the conversation',
    source: 'Show source',
    eml: 'Save as .eml',
    unreadFromHere: 'Mark as unread from here'
  },
  reported: {
    title: 'You reported this sender',
    text: 'Images and links of this sender are blocked.',
    link: 'Links of this sender are blocked.',
    trust: 'Allow them again'
  },
  tooLarge: 'This message is very large. Only its beginning is shown.',
  frame: {
    large: 'This message is very large. It may take a while to show it.',
    silent: 'This message did not show in time. Here is its text.',
    left: 'This message tried to leave its frame. Here is its text.'
  },
  unread: (n: number, folder: string) => `${n.toLocaleString('en')} unread in ${folder}`,
  hint: 'Press J and K to move, Enter to open.',
  gone: 'This conversation is not here any more',
  expandAll: 'Expand all messages',
  collapseAll: 'Collapse all messages',
  newer: 'Newer conversation',
  older: 'Older conversation',
  /** in place of a message */
  body: {
    doesNotLoad: 'This message does not load.',
    notHere: 'This message is not on this device.'
  },
  earlier: (n: number) => (n === 1 ? '1 earlier message' : `${n.toLocaleString('en')} earlier messages`),
  original: 'Original size',
  andMore: (n: number) => `and ${n.toLocaleString('en')} more`,
  /** remote pictures */
  pictures: {
    blocked: (n: number) => `${n === 1 ? '1 remote image is' : `${n.toLocaleString('en')} remote images are`} blocked.`,
    why: 'Why?',
    never: 'Your settings say that none is ever loaded.',
    showOnce: 'Show once',
    always: 'Always from this sender',
    /** why no remote image is loaded */
    reason:
      'A remote image tells its sender that you opened the message, when, and from which network. Postroom loads none before you say so.'
  },
  link: {
    title: 'Open this link?',
    leadsTo: 'It leads to',
    open: 'Open',
    cancel: 'Cancel'
  },
  /** before a reply to a suspicious sender */
  suspicious: {
    question: 'Reply to this sender?',
    wouldGo: 'This sender is suspicious. Your reply would go to',
    anyway: 'Reply anyway'
  },
  source: {
    title: 'Source of the message',
    cut: (shown: string, size: string) => `Only the first ${shown} of ${size} are shown.`,
    copy: 'Copy',
    copied: 'Copied',
    notCopied: 'Not copied. Select the text instead.',
    notLoaded: 'The source does not load.'
  },
  details: {
    from: 'From',
    to: 'To',
    cc: 'Cc',
    replyTo: 'Reply to',
    date: 'Date',
    list: 'List',
    signedBy: 'Signed by',
    size: 'Size'
  },
  notFiltered: 'The filter does not load. Check your connection.',
  unsubscribe: {
    short: 'Unsubscribe',
    name: (sender: string) => `Unsubscribe from ${sender}`,
    done: (sender: string) => `${sender} was asked to take you off the list.`,
    question: (sender: string) => `Unsubscribe from ${sender}?`,
    notConfirmed:
      'This list cannot be left with one press: the address for it is unfit, or no confirmed signature covers it.',
    notTaken: 'The list did not take the request.',
    silent: 'The list did not answer in time. It may have taken the request all the same.',
    byPage: 'You can unsubscribe on this page, which opens in a new tab:',
    byMail: 'You can write to the list. You see the message before it is sent:',
    write: 'Write a message',
    open: 'Open the page',
    cancel: 'Cancel'
  },
  /** beside an address: as whose it is taken */
  imitates: (name: string) => `Looks like ${name}, but is not`,
  warning: {
    reported: 'Reported as phishing, and moved to Spam.',
    report: 'Report phishing',
    failed: 'This sender could not be confirmed',
    failedText: (address: string) =>
      `The mail server checked whether this message really comes from ${address}, and the check failed. Links open only after you have seen where they lead.`,
    notFromYou: 'This says it is from you',
    notFromYouText: (address: string) =>
      `The mail server checked whether this message really comes from ${address}, your own address, and the check failed. Links open only after you have seen where they lead.`,
    lookalike: (name: string) => `This may not be the ${name} you know`,
    lookalikeText: (known: string, now: string) =>
      `Other messages in this conversation came from ${known}. This one came from ${now}. Links open only after you have seen where they lead.`,
    nameIsAddress: 'The name hides another address',
    nameIsAddressText: (shown: string, real: string) =>
      `The sender is called ${shown}, but the message came from ${real}. Links open only after you have seen where they lead.`,
    replyElsewhere: 'A reply would go elsewhere',
    replyElsewhereText: (from: string, to: string) =>
      `The message came from ${from} and could not be confirmed; a reply would go to ${to}.`,
    known: 'I know this sender',
    disguised: 'This address imitates another one',
    disguisedText: (shown: string, real: string) =>
      `The message came from ${shown}, written with letters that look like others. Its real name is ${real}. Links open only after you have seen where they lead.`,
    nearMiss: 'This address is almost one that you know',
    nearMissText: (known: string, now: string) =>
      `You know ${known}. This message came from ${now}. Links open only after you have seen where they lead.`,
    namesakeText: (name: string, known: string, now: string) =>
      `You know ${name} as ${known}. This message came from ${now}. Links open only after you have seen where they lead.`,
    newAddress: (name: string) => `A new address of ${name}`,
    newAddressText: (known: string, now: string) =>
      `You know this name with the address ${known}. This message came from ${now}.`,
    linkElsewhere: 'A link leads elsewhere than it says',
    linkElsewhereText: (shown: string, target: string) =>
      `It says ${shown}, and would open ${target}. Links open only after you have seen where they lead.`
  },
  notPrinted: 'Not printed: the message did not load.'
}
