/** What a person may do to a folder, and why not. */
import type { Words } from '#lib/words/en.ts'
import type { Folders } from '#lib/words/parts.ts'
import type { MailboxItem, Trouble } from './mail.ts'
import { foldersIn } from './mailbox-items.ts'
import { troubleWord } from './trouble.ts'

export type FolderAction = 'newInside' | 'rename' | 'move' | 'allRead' | 'empty' | 'remove'

export interface Offer {
  readonly action: FolderAction
  /** null: it can be done */
  readonly why: 'needsConnection' | 'notAllowed' | null
}

/** What makes no sense is left out; what the server or the network forbids is told. */
export function offersFor(item: MailboxItem, online: boolean): Offer[] {
  const { may, role } = item
  const isOwn = role === null
  const offers: [FolderAction, offered: boolean, allowed: boolean][] = [
    ['allRead', role !== 'drafts' && item.count > 0, may.setSeen],
    ['empty', (role === 'trash' || role === 'junk') && item.messages > 0, may.removeItems],
    ['newInside', true, may.createChild],
    ['rename', isOwn, may.rename],
    ['move', isOwn, may.rename],
    ['remove', isOwn, may.remove && may.removeItems]
  ]
  return offers
    .filter(([, offered]) => offered)
    .map(([action, , allowed]) => ({ action, why: !allowed ? 'notAllowed' : online ? null : 'needsConnection' }))
}

/** Where the mail of a removed folder may go, the Trash first. */
export function refuges(id: string, items: readonly MailboxItem[]): MailboxItem[] {
  const gone = [id, ...foldersIn(id, items).map((item) => item.id)]
  const found = items.filter((item) => !gone.includes(item.id) && item.may.addItems && item.role !== 'drafts')
  return [...found.filter(({ role }) => role === 'trash'), ...found.filter(({ role }) => role !== 'trash')]
}

export interface Said {
  readonly folders: Folders
  readonly mail: Words['mail']
  readonly online: boolean
}

/** Why a change was not made. Stalwart says `alreadyExists`; RFC 8621 §2.5 leaves it to `invalidProperties`. */
export function refusalText({ code }: Trouble, { folders, mail, online }: Said): string {
  switch (code) {
    case 'alreadyExists':
      return folders.wrong.taken
    case 'invalidProperties':
      return folders.wrong.unfit
    case 'too_many_labels':
      return folders.wrong.tooMany
    case 'forbidden':
      return folders.notAllowed
    case 'mailboxHasChild':
      return folders.failed.mailboxHasChild
    default:
      return mail.trouble[troubleWord(code, online)]
  }
}
