/** The settings: their sections, and those about the interface. Other sections have words of their own. */
export const settings = {
  settings: 'Settings',
  back: 'Back to mail',
  allSettings: 'All settings',
  title: (section: string) => `${section} – Settings – Postroom`,
  sections: {
    general: 'General',
    identities: 'Identities and signatures',
    filters: 'Filters',
    absence: 'Absence',
    folders: 'Folders and labels',
    keyboard: 'Keyboard',
    devices: 'Devices',
    tokens: 'Access tokens',
    security: 'Sign-in and security'
  },
  saved: 'Each change is saved at once, and follows you to your other devices.',
  waiting: 'Saved on this device. Your other devices get it once you are back online.',
  notSaved: 'Saved on this device only. The next try is made by itself.',
  full: 'Saved on this device only: there is no room for more settings. Remove some senders below, and it is saved.',
  signInBeside: 'You were signed out. Sign in, in a new tab, and come back here: what you typed stays.',
  needsConnection: 'You are offline. This needs a connection.',
  appearance: {
    title: 'Appearance',
    theme: 'Theme',
    themeHint: 'System follows your device',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    rows: 'Rows',
    rowsHint: 'Comfortable has two lines in a narrow list, compact always one',
    densities: { comfortable: 'Comfortable', compact: 'Compact' },
    language: 'Language',
    formats: 'Dates and times',
    formatsHint: (example: string) => `For example ${example}`,
    usual: 'As usual in this language'
  },
  reading: {
    title: 'Reading',
    pane: 'Reading pane',
    paneHint: 'Without it, a conversation fills the window',
    panes: { right: 'Beside the list', off: 'Off' },
    markRead: 'Mark as read',
    markReadHint: 'When a conversation is open',
    marks: { now: 'At once', later: 'After 2 seconds', never: 'Only when I say so' },
    after: 'After archiving or deleting',
    afterHint: 'Where you go',
    afters: { older: 'Next older conversation', newer: 'Next newer conversation', list: 'Back to the list' }
  },
  touch: {
    title: 'Swiping',
    end: 'Swipe to the end',
    endHint: 'To the right, where text runs from left to right',
    start: 'Swipe to the start',
    does: {
      archive: 'Archive',
      read: 'Mark as read or unread',
      delete: 'Delete',
      star: 'Star',
      nothing: 'Nothing'
    }
  },
  notifications: {
    title: 'Notifications',
    newMail: 'New mail in Inbox',
    allowed: 'On this device, while you look at something else',
    denied: 'This browser does not allow notifications from this page. You can change that in its settings.',
    unsupported: 'This browser has no notifications.',
    content: 'Show sender and subject',
    contentHint: 'Also on a locked screen'
  },
  privacy: {
    title: 'Privacy',
    pictures: 'Remote images',
    picturesHint: 'Loading one tells its sender that, when and from where you read',
    asks: { ask: 'Ask each time', never: 'Never load them' },
    allowed: 'Senders whose images load',
    warnings: 'Senders you know despite a warning',
    reported: 'Senders you reported',
    nobody: 'None',
    some: (first: string, more: number) => (more > 0 ? `${first} and ${more.toLocaleString('en')} more` : first),
    look: 'Look through…',
    lookAt: (what: string) => `Look through: ${what}`,
    find: 'Find',
    remove: 'Remove',
    removeOne: (what: string) => `Remove ${what}`,
    nothingFound: 'None found',
    done: 'Done',
    failed: 'This did not work. Nothing was changed.'
  },
  sending: {
    title: 'Sending',
    undo: 'Time to undo',
    undoHint: 'Your message waits this long before it leaves',
    off: 'Off',
    seconds: (n: number) => `${n} s`,
    reply: 'Reply',
    replyHint: 'What the button does if there are several people',
    replies: { reply: 'Reply', all: 'Reply all' }
  },
  keyboard: {
    title: 'Single keys',
    single: 'Keys without Ctrl',
    singleHint:
      'Turn them off if you use speech input, or press keys by accident. Keys with Ctrl, and Escape, always work.'
  },
  folders: {
    folders: 'Folders',
    newFolder: 'New folder',
    labels: 'Labels',
    newLabel: 'New label',
    noFolders: 'You have no folders of your own.',
    noLabels: 'You have no labels. One conversation can have several of them.',
    change: 'Change…',
    changeOne: (name: string) => `Change ${name}`
  }
}
