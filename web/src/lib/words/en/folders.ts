/** Menus and dialogs of folders and labels, and what was done to them. */
const plural = (n: number, one: string, many: string) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

export const folders = {
  menu: {
    newInside: 'New folder inside',
    rename: 'Rename',
    move: 'Move',
    allRead: 'Mark all as read',
    empty: 'Empty',
    remove: 'Delete folder',
    edit: 'Name and colour',
    removeLabel: 'Delete label'
  },
  needsConnection: 'This needs a connection.',
  notAllowed: 'The mail server does not allow this for this folder.',
  cancel: 'Cancel',
  name: 'Name',
  create: {
    title: 'New folder',
    inside: 'Inside',
    top: 'At the top',
    do: 'Create'
  },
  rename: { title: (name: string) => `Rename “${name}”`, do: 'Rename' },
  move: { title: (name: string) => `Move “${name}”`, inside: 'Move it to', do: 'Move' },
  remove: {
    title: (name: string) => `Delete the folder “${name}”?`,
    inside: (n: number) => `${plural(n, 'folder', 'folders')} inside will be deleted too.`,
    mail: (n: number) => `${plural(n, 'message', 'messages')} will be kept. Move ${n === 1 ? 'it' : 'them'} to`,
    nothing: 'It contains no messages.',
    do: 'Delete folder'
  },
  empty: {
    title: (name: string) => `Empty ${name}?`,
    text: (n: number) => `${plural(n, 'message', 'messages')} will be deleted for good. This cannot be undone.`,
    do: (n: number) => `Delete ${n.toLocaleString('en')} for good`
  },
  label: {
    create: 'New label',
    edit: (name: string) => `Label “${name}”`,
    colour: 'Colour',
    colours: { 1: 'Red', 2: 'Ochre', 3: 'Green', 4: 'Teal', 5: 'Blue', 6: 'Violet', 7: 'Pink', 8: 'Grey' },
    do: 'Save'
  },
  wrong: {
    empty: 'Give it a name.',
    long: 'This name is too long.',
    taken: 'This name is already taken.',
    unfit: 'The mail server does not accept this name.',
    tooMany: 'There is no room for another label. Delete one that you do not need.'
  },
  done: {
    created: (name: string) => `Folder ${name} created`,
    renamed: (name: string) => `Renamed to ${name}`,
    moved: (name: string) => `Folder ${name} moved`,
    labelRemoved: (name: string) => `Label ${name} deleted. Its messages stay where they are.`,
    removed: (name: string) => `Folder ${name} deleted`,
    empty: (n: number) => `${n.toLocaleString('en')} deleted for good`,
    read: (n: number) => `${n.toLocaleString('en')} marked as read`,
    unread: (n: number) => `${n.toLocaleString('en')} marked as unread`
  },
  undone: 'Undone',
  failed: {
    changed: 'Nothing was changed.',
    mailboxHasChild: 'The folder was not deleted: somebody made another one in it meanwhile.',
    stoppedAt: (done: number, total: number) =>
      `${done.toLocaleString('en')} of ${total.toLocaleString('en')} are done.`
  },
  running: {
    remove: 'Moving',
    empty: 'Deleting',
    read: 'Marking as read',
    unread: 'Marking as unread',
    of: (what: string, done: number, total: number) =>
      `${what}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`,
    stop: 'Stop',
    stopped: (done: number, total: number) =>
      `Stopped. ${done.toLocaleString('en')} of ${total.toLocaleString('en')} are done.`
  }
}
