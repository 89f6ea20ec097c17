/** What an action is called while it runs, and what is said when it is done. */
import type { Action } from '#lib/state/mail.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import type { Said } from '#lib/state/notices.svelte.ts'
import { nameOf } from '#lib/state/sidebar.ts'
import type { ActionWords } from '#lib/words/parts.ts'
import type { Words } from '#lib/words/en.ts'

export function mailboxName(mail: Mail, id: string, words: Words['mail']): string {
  const item = mail.mailboxes.byId(id)
  return item ? nameOf(item, words) : ''
}

export function labelName(mail: Mail, keyword: string): string {
  return mail.labels.byKeyword(keyword)?.name ?? keyword
}

/** `n`: conversations */
export function saidOf(action: Action, n: number, mail: Mail): Said {
  return ({ said }, words) => {
    switch (action.kind) {
      case 'archive':
        return said.archived(n)
      case 'delete':
        return said.deleted
      case 'destroy':
        return said.destroyed(n)
      case 'move':
        return said.moved(mailboxName(mail, action.mailboxId, words))
      case 'label':
        return (action.on ? said.labelled : said.unlabelled)(labelName(mail, action.keyword))
      case 'read':
        return (action.on ? said.read : said.unread)(n)
      case 'star':
        return (action.on ? said.starred : said.unstarred)(n)
      case 'spam':
        return action.on ? said.spam : said.notSpam
    }
  }
}

export function doingOf(action: Action, mail: Mail, { doing }: ActionWords, words: Words['mail']): string {
  switch (action.kind) {
    case 'move':
      return doing.move(mailboxName(mail, action.mailboxId, words))
    case 'label':
      return (action.on ? doing.label : doing.unlabel)(labelName(mail, action.keyword))
    case 'read':
      return action.on ? doing.read : doing.unread
    case 'star':
      return action.on ? doing.star : doing.unstar
    case 'spam':
      return action.on ? doing.spam : doing.notSpam
    default:
      return doing[action.kind]
  }
}
