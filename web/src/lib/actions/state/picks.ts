/** What may be chosen by typing a part of its name: folders and labels. */
import type { Mail } from '#lib/state/mail.svelte.ts'
import { moveTo } from '#lib/actions/state/move-to.ts'
import { mailboxName } from '#lib/actions/state/said.ts'
import type { Words } from '#lib/words/en.ts'

export interface Pick {
  readonly kind: 'mailbox' | 'label'
  /** of a mailbox; of a label the keyword */
  readonly id: string
  /** with those of its parents */
  readonly name: string
}

export type Purpose = 'move' | 'label' | 'go'

export function picksFor(purpose: Purpose, mail: Mail, words: Words['mail']): readonly Pick[] {
  const mailboxes = purpose === 'label' ? [] : mailboxesOf(mail, words, purpose === 'move')
  const labels = purpose === 'move' ? [] : labelsOf(mail)
  return [...mailboxes, ...labels]
}

function mailboxesOf(mail: Mail, words: Words['mail'], asTargets: boolean): Pick[] {
  const path: string[] = []
  return mail.mailboxes.items.flatMap((item) => {
    path.splice(item.depth, path.length, mailboxName(mail, item.id, words))
    return asTargets && !moveTo(item.id, mail) ? [] : { kind: 'mailbox' as const, id: item.id, name: path.join(' / ') }
  })
}

function labelsOf(mail: Mail): Pick[] {
  return mail.labels.items.map(({ keyword, name }) => ({ kind: 'label', id: keyword, name }))
}

/** Those whose name has the text in it; what begins with it comes first. */
export function matching(picks: readonly Pick[], text: string): readonly Pick[] {
  const wanted = folded(text.trim())
  const places = picks.map((pick) => ({
    pick,
    at: folded(pick.name).search(new RegExp(`(^|[^\\p{L}])${escaped(wanted)}`, 'u'))
  }))
  const found = places.filter(({ pick }) => folded(pick.name).includes(wanted))
  return found.toSorted((one, other) => Number(one.at < 0) - Number(other.at < 0)).map(({ pick }) => pick)
}

/** The name in three parts: before the hit, the hit, behind it. */
export function hitIn(name: string, text: string): readonly [string, string, string] {
  const wanted = text.trim()
  const at = wanted === '' ? -1 : name.toLocaleLowerCase().indexOf(wanted.toLocaleLowerCase())
  return at < 0
    ? [name, '', '']
    : [name.slice(0, at), name.slice(at, at + wanted.length), name.slice(at + wanted.length)]
}

/** A new one is offered unless one is called so already. */
export function isNew(picks: readonly Pick[], text: string): boolean {
  const wanted = folded(text.trim())
  return wanted !== '' && !picks.some(({ name }) => folded(name) === wanted)
}

function folded(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase()
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
