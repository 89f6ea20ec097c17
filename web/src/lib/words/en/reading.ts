/** Parts of the reader that are loaded when they are first needed: attachments, the menu of a message, its source. */
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
  notPrinted: 'Not printed: the message did not load.'
}
