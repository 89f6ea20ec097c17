/** A mail page before a plain list that does at once what actions say. */
import { Preferences } from '#lib/settings/state/preferences.svelte.ts'
import { MailPage } from '#lib/state/page.svelte.ts'
import type { Action, Bulk, MailboxItem, Role, Row } from '#lib/state/mail.ts'
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'

export interface Listed {
  page: MailPage
  /** threadIds of the list as it is now */
  shown: () => string[]
  did: { action: Action; threadIds: readonly string[] | 'all' }[]
  undone: number
  went: string[]
}

const ROLES: readonly Role[] = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash']

function leaves(action: Action): boolean {
  return !['read', 'star', 'label'].includes(action.kind)
}

/** `count` conversations t0, t1, … in a mailbox, of which those below `loaded` are loaded. */
export function listed(
  count: number,
  { loaded = count, role = 'inbox', total = count }: { loaded?: number; role?: Role; total?: number } = {}
): Listed {
  let rows = Array.from(
    { length: count },
    (_, at) => ({ threadId: `t${at}`, unread: at % 2 === 0, starred: at % 3 === 0, time: new Date(0) }) as Row
  )
  const scene = { did: [] as Listed['did'], undone: 0, went: [] as string[] }
  const list = {
    key: role,
    mailboxId: role,
    filter: null,
    get total() {
      return Math.max(rows.length, rows.length + total - count)
    },
    row: (index: number) => (index < loaded ? rows[index] : undefined),
    indexOf: (threadId: string) => {
      const index = rows.findIndex((row) => row.threadId === threadId)
      return index < 0 ? undefined : index
    },
    want: () => undefined
  } as unknown as ConversationList
  const items = ROLES.map((each) => ({ id: each, role: each, name: each }) as MailboxItem)
  const mail = {
    list,
    mailboxes: {
      items,
      byId: (id: string) => items.find((item) => item.id === id),
      byRole: (each: Role) => items.find((item) => item.role === each)
    },
    reader: { conversation: null, open: () => undefined, close: () => undefined, prefetch: () => undefined },
    actions: {
      run(action: Action, threadIds: readonly string[]) {
        scene.did.push({ action, threadIds })
        const before = rows
        if (leaves(action)) rows = rows.filter(({ threadId }) => !threadIds.includes(threadId))
        const undo = () => {
          scene.undone += 1
          rows = before
        }
        return { conversations: threadIds.length, undo }
      },
      runOnAll: (action: Action) => {
        scene.did.push({ action, threadIds: 'all' })
        return {} as Bulk
      }
    },
    labels: { items: [], byKeyword: () => undefined },
    sending: { draftOf: () => '' },
    preferences: new Preferences(),
    show: () => undefined
  } as unknown as Mail
  const go = (path: string): Promise<void> => {
    scene.went.push(path)
    page.show(...(path.split('/').slice(2) as [string, string]))
    return Promise.resolve()
  }
  const page = new MailPage(mail, go, () => Promise.resolve('stayed'))
  page.show(role, undefined)
  return Object.assign(scene, { page, shown: () => rows.map(({ threadId }) => threadId) })
}
