/** What a person does to conversations: commands, what they say afterwards, dialogs. Loaded after the list is shown. */
const count = (n: number) => n.toLocaleString('en')
const conversations = (n: number) => `${count(n)} ${n === 1 ? 'conversation' : 'conversations'}`

export const actions = {
  /** by the name of the command */
  commands: {
    next: 'Next conversation',
    previous: 'Previous conversation',
    nextMessage: 'Next message',
    previousMessage: 'Previous message',
    open: 'Open',
    back: 'Back to the list',
    goInbox: 'Go to Inbox',
    goStarred: 'Go to Starred',
    goDrafts: 'Go to Drafts',
    goSent: 'Go to Sent',
    goAll: 'Go to all mail',
    goTo: 'Go to a folder or label',
    search: 'Search',
    archive: 'Archive',
    delete: 'Delete',
    spam: 'Report spam',
    star: 'Star',
    move: 'Move to',
    label: 'Label',
    takeOut: 'Remove from this view',
    read: 'Mark as read',
    unread: 'Mark as unread',
    archiveNewer: 'Archive, go to newer',
    archiveOlder: 'Archive, go to older',
    more: 'More actions',
    undo: 'Undo',
    select: 'Select',
    widenOlder: 'Extend the selection down',
    widenNewer: 'Extend the selection up',
    selectAll: 'Select all',
    selectNone: 'Select none',
    selectRead: 'Select read',
    selectUnread: 'Select unread',
    selectStarred: 'Select starred',
    selectUnstarred: 'Select unstarred',
    endSelection: 'End the selection',
    compose: 'Compose',
    reply: 'Reply',
    replyAll: 'Reply all',
    forward: 'Forward',
    expandAll: 'Expand all messages',
    collapseAll: 'Collapse all messages',
    keys: 'Keyboard shortcuts'
  },
  /** what the button is called where it takes back */
  notSpam: 'Not spam',
  unstar: 'Remove star',
  destroy: 'Delete for good',
  toolbar: 'Actions',
  /** the name of a button, and what it hits */
  onMany: (name: string, n: number) => `${name}: ${conversations(n)}`,
  selected: (n: number) => `${count(n)} selected`,
  allSelected: (n: number) => `All ${count(n)} selected`,
  selectAll: (n: number) => `Select all ${count(n)}`,
  selectAllIn: (n: number, folder: string) => `Select all ${count(n)} in ${folder}`,
  onlyThese: (n: number) => `Only these ${count(n)}`,
  /** below the icons of a phone */
  short: { archive: 'Archive', delete: 'Delete', read: 'Read', unread: 'Unread', move: 'Move', more: 'More' },
  said: {
    archived: (n: number) => (n === 1 ? 'Conversation archived' : `${conversations(n)} archived`),
    /** by an action on all that match */
    messagesArchived: (n: number) => (n === 1 ? 'Message archived' : `${count(n)} messages archived`),
    moved: (folder: string) => `Moved to ${folder}`,
    deleted: 'Moved to Trash',
    held: 'Not moved: it is still to be sent. Undo the sending first.',
    destroyed: (n: number) => `${count(n)} deleted for good`,
    spam: 'Reported as spam',
    notSpam: 'Moved back to Inbox',
    read: (n: number) => (n === 1 ? 'Marked as read' : `${count(n)} marked as read`),
    unread: (n: number) => (n === 1 ? 'Marked as unread' : `${count(n)} marked as unread`),
    starred: (n: number) => (n === 1 ? 'Starred' : `${count(n)} starred`),
    unstarred: (n: number) => (n === 1 ? 'Star removed' : `Star removed from ${count(n)}`),
    labelled: (label: string) => `Label ${label} added`,
    unlabelled: (label: string) => `Label ${label} removed`,
    undone: 'Undone',
    waits: 'Kept. It is done when you are back online.',
    refused: 'This was not done.',
    labelsFull: (label: string) =>
      `The label ${label} was not added: the mail server has no room for it. Use one that other messages have.`,
    conflict: (n: number) =>
      n === 1 ? 'Somebody else moved this conversation.' : `Somebody else moved ${conversations(n)}.`
  },
  /** an action on all that match, while it runs */
  doing: {
    archive: 'Archiving',
    delete: 'Moving to Trash',
    destroy: 'Deleting for good',
    spam: 'Reporting as spam',
    notSpam: 'Moving back to Inbox',
    read: 'Marking as read',
    unread: 'Marking as unread',
    star: 'Starring',
    unstar: 'Removing stars',
    move: (folder: string) => `Moving to ${folder}`,
    label: (label: string) => `Adding label ${label}`,
    unlabel: (label: string) => `Removing label ${label}`,
    undo: 'Undoing'
  },
  progress: (doing: string, done: number, total: number | null) =>
    total === null ? `${doing}…` : `${doing}: ${count(done)} of ${count(total)}`,
  stop: 'Stop',
  stopped: (done: number, total: number | null) =>
    total === null ? `Stopped. ${count(done)} are done.` : `Stopped. ${count(done)} of ${count(total)} are done.`,
  failed: (done: number) => `This stopped early. ${count(done)} are done.`,
  destroyQuestion: (n: number | null) =>
    n === null ? 'Delete these for good?' : `Delete ${conversations(n)} for good?`,
  destroyText: (n: number | null) =>
    `${n === 1 ? 'It' : 'They'} will be removed from the mail server. This cannot be undone.`,
  destroyButton: (n: number | null) => (n === null ? 'Delete for good' : `Delete ${count(n)} for good`),
  bulkQuestion: (doing: string, n: number) => `${doing}: ${conversations(n)}?`,
  bulkText: 'There are too many to undo this afterwards.',
  bulkButton: 'Continue',
  cancel: 'Cancel',
  close: 'Close',
  picker: {
    move: (n: number | null) => (n === null ? 'Move all to' : `Move ${conversations(n)} to`),
    label: (n: number | null) => (n === null ? 'Label all' : `Label ${conversations(n)}`),
    go: 'Go to',
    find: 'Type a name',
    newFolder: (name: string) => `New folder “${name}”`,
    newLabel: (name: string) => `New label “${name}”`,
    has: 'on it',
    nothing: 'No folder or label has this name.',
    noLabels: 'You have no labels. Type a name to make one.',
    failed: 'This did not work. Nothing was changed.',
    full: 'There is no room for another label. Delete one that you do not need.'
  },
  sheet: {
    find: 'Find a shortcut',
    groups: { walk: 'Move', sort: 'Sort', select: 'Select', write: 'Write' },
    writing: 'In a message you write',
    then: 'then',
    or: 'or',
    panes: 'Next pane',
    on: 'Single-key shortcuts are on.',
    off: 'Single-key shortcuts are off.',
    why: 'Turn them off if you control your computer by voice or use a screen reader’s own keys.',
    printed: { Shift: 'Shift', Ctrl: 'Ctrl', Delete: 'Delete' }
  },
  view: {
    title: 'Sort and view',
    sortBy: 'Sort by',
    sorts: { receivedAt: 'Date', from: 'Sender', subject: 'Subject', size: 'Size' },
    ascending: 'Ascending',
    descending: 'Descending',
    density: 'Rows',
    densities: { comfortable: 'Comfortable', compact: 'Compact' },
    pane: 'Reading pane'
  },
  dragged: conversations
}
