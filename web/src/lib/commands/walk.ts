/** Commands that walk: through the list, a conversation, the mailboxes. */
import type { Command } from '#lib/commands/command.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

/** Moves the focus among the messages of the open conversation, in the document: which are folded away is known there. */
function goToMessage(by: 1 | -1): void {
  const messages = [...document.querySelectorAll('.reader article')]
  const at = messages.findIndex((message) => message.contains(document.activeElement))
  const from = at < 0 && by < 0 ? messages.length : at
  const next = messages[Math.min(messages.length - 1, Math.max(0, from + by))]
  next?.querySelector<HTMLElement>('h3 button, button')?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

const next: Command = {
  name: 'next',
  group: 'walk',
  keys: ['j'],
  repeats: true,
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.cursor.move(1)
}

const previous: Command = {
  name: 'previous',
  group: 'walk',
  keys: ['k'],
  repeats: true,
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.cursor.move(-1)
}

/** Where the keyboard is. The list marks its first row before the keyboard has moved. */
function reachedRow({ cursor, threadId, mail }: MailPage): string | undefined {
  return cursor.reached ?? (threadId === undefined ? mail.list?.row(0)?.threadId : undefined)
}

/** The keyboard is at a conversation that is not open. */
function isElsewhere(page: MailPage): boolean {
  const row = reachedRow(page)
  return row !== undefined && row !== page.threadId
}

/** Opens the conversation, or the draft, where the keyboard is; in the open one it expands or collapses the message. */
const open: Command = {
  name: 'open',
  group: 'walk',
  keys: ['Enter', 'o'],
  isAboutReached: true,
  when: (page) => isElsewhere(page) || page.reading.reached !== undefined,
  run: async (page) => {
    const row = reachedRow(page)
    if (row !== undefined && isElsewhere(page)) await page.openRow(row)
    else if (page.reading.reached) page.reading.toggle(page.reading.reached)
  }
}

const back: Command = {
  name: 'back',
  group: 'walk',
  keys: ['u'],
  when: (page) => page.threadId !== undefined,
  run: (page) => page.closeConversation()
}

const search: Command = {
  name: 'search',
  group: 'walk',
  keys: ['/'],
  when: () => true,
  run: (page) => page.searching.call()
}

const nextMessage: Command = {
  name: 'nextMessage',
  group: 'walk',
  keys: ['n'],
  repeats: true,
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: () => goToMessage(1)
}

const previousMessage: Command = {
  name: 'previousMessage',
  group: 'walk',
  keys: ['p'],
  repeats: true,
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: () => goToMessage(-1)
}

const expandAll: Command = {
  name: 'expandAll',
  group: 'walk',
  keys: [';'],
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: (page) => page.reading.expandAll(true)
}

const collapseAll: Command = {
  name: 'collapseAll',
  group: 'walk',
  keys: [':'],
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: (page) => page.reading.expandAll(false)
}

const goInbox: Command = {
  name: 'goInbox',
  group: 'walk',
  keys: ['g i'],
  when: (page) => page.mail.mailboxes.byRole('inbox') !== undefined,
  run: (page) => page.openPlace('inbox')
}

const goStarred: Command = {
  name: 'goStarred',
  group: 'walk',
  keys: ['g s'],
  when: () => true,
  run: (page) => page.openPlace('starred')
}

const goDrafts: Command = {
  name: 'goDrafts',
  group: 'walk',
  keys: ['g d'],
  when: (page) => page.mail.mailboxes.byRole('drafts') !== undefined,
  run: (page) => page.openPlace('drafts')
}

const goSent: Command = {
  name: 'goSent',
  group: 'walk',
  keys: ['g t'],
  when: (page) => page.mail.mailboxes.byRole('sent') !== undefined,
  run: (page) => page.openPlace('sent')
}

const goAll: Command = {
  name: 'goAll',
  group: 'walk',
  keys: ['g a'],
  when: () => true,
  run: (page) => page.openPlace('all')
}

const goTo: Command = {
  name: 'goTo',
  group: 'walk',
  keys: ['g l'],
  when: () => true,
  run: (page) => page.triage.ask('go')
}

const keys: Command = {
  name: 'keys',
  group: 'walk',
  keys: ['?'],
  when: () => true,
  run: (page) => page.triage.ask('keys')
}

export const WALK: readonly Command[] = [
  next,
  previous,
  open,
  back,
  search,
  nextMessage,
  previousMessage,
  expandAll,
  collapseAll,
  goInbox,
  goStarred,
  goDrafts,
  goSent,
  goAll,
  goTo,
  keys
]
