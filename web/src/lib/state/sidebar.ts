/** The mailboxes, views and labels of the sidebar in their order, as a person sees them. */
import type { Words } from '#lib/words/en.ts'
import type { Label, LabelColour, MailboxItem, Role } from './mail.ts'
import type { Labels } from './labels.svelte.ts'
import { deepIn, insideOf, type Inside } from './mailbox-items.ts'
import { labelSegment, mailboxSegment, pathOf, searchPath, type View } from './paths.ts'
import type { SavedSearch } from '#lib/search/state/searches.ts'

export interface SidebarEntry {
  /** the mailbox's id, the segment of the view in the address, or the address of the search */
  readonly key: string
  readonly href: string
  readonly name: string
  readonly icon: Role | 'folder' | 'star' | 'mails' | 'search' | 'clock' | null
  readonly colour: LabelColour | null
  /** 1 at the top */
  readonly level: number
  /** null: there is nothing inside */
  readonly expanded: boolean | null
  /** its place among its siblings, from 1, and how many they are */
  readonly position: number
  readonly siblings: number
  readonly count: number
  /** in words */
  readonly countName: string
  /** it is shown in bold: something new is in it */
  readonly wantsAttention: boolean
  readonly mailboxId: string | null
  readonly label: string | null
}

export interface Section {
  readonly kind: 'standard' | 'folders' | 'searches' | 'labels'
  readonly entries: readonly SidebarEntry[]
}

/** Roles of mailboxes that want no attention, whatever is in them. */
const QUIET: readonly (string | null)[] = ['drafts', 'junk', 'trash']

type MailWords = Words['mail']

export interface Contents {
  readonly items: readonly MailboxItem[]
  readonly labels: readonly Label[]
  readonly searches: readonly SavedSearch[]
  /** messages that leave later; null: the view of them is not shown */
  readonly scheduled?: number | null
  /** ids of mailboxes whose inside is not shown */
  readonly collapsed: ReadonlySet<string>
}

export function sectionsOf(
  { items, labels, searches, scheduled = null, collapsed }: Contents,
  words: MailWords
): Section[] {
  const tree = { inside: insideOf(items), collapsed, words }
  const entries = (roots: readonly MailboxItem[]): SidebarEntry[] => below(roots, tree)
  const tops = items.filter(({ parentId }) => parentId === null)
  const standard = tops.filter(({ role }) => role !== null)
  const at = (role: Role): number => standard.findIndex((item) => item.role === role)
  const first = at('inbox') + 1
  const sent = Math.max(first, at('sent') + 1)
  const last = [at('junk'), at('trash')].filter((place) => place >= 0)[0] ?? standard.length
  return [
    {
      kind: 'standard',
      entries: numbered([
        ...entries(standard.slice(0, first)),
        view('starred', 'star', words.views.starred),
        ...entries(standard.slice(first, sent)),
        ...(scheduled === null ? [] : [scheduledEntry(scheduled, words)]),
        ...entries(standard.slice(sent, last)),
        view('all', 'mails', words.views.all),
        ...entries(standard.slice(last))
      ])
    },
    { kind: 'folders', entries: numbered(entries(tops.filter(({ role }) => role === null))) },
    ...(searches.length > 0 ? [{ kind: 'searches' as const, entries: numbered(searches.map(searchEntry)) }] : []),
    { kind: 'labels', entries: numbered(labels.map(labelEntry)) }
  ]
}

/** The mailboxes directly inside of each; those at the top stand under null. */
interface Tree {
  readonly inside: Inside
  readonly collapsed: ReadonlySet<string>
  readonly words: MailWords
}

function below(siblings: readonly MailboxItem[], tree: Tree): SidebarEntry[] {
  return siblings.flatMap((item) => {
    const inside = tree.inside.get(item.id) ?? []
    const expanded = inside.length === 0 ? null : !tree.collapsed.has(item.id)
    return [mailboxEntry(item, expanded, tree), ...(expanded ? below(inside, tree) : [])]
  })
}

function mailboxEntry(item: MailboxItem, expanded: boolean | null, { inside, words }: Tree): SidebarEntry {
  const shown = expanded === false ? [item, ...deepIn(item.id, inside)] : [item]
  const count = shown.reduce((sum, one) => sum + one.count, 0)
  return {
    ...PLAIN,
    key: item.id,
    href: pathOf(mailboxSegment(item)),
    name: nameOf(item, words),
    icon: item.role ?? 'folder',
    level: item.depth + 1,
    expanded,
    count,
    countName: item.role === 'drafts' ? words.draftCount(count) : words.unreadCount(count),
    wantsAttention: shown.some((one) => one.count > 0 && !QUIET.includes(one.role)),
    mailboxId: item.id
  }
}

const PLAIN = {
  icon: null,
  colour: null,
  level: 1,
  expanded: null,
  position: 1,
  siblings: 1,
  count: 0,
  countName: '',
  wantsAttention: false,
  mailboxId: null,
  label: null
} as const

function view(segment: string, icon: SidebarEntry['icon'], name: string): SidebarEntry {
  return { ...PLAIN, key: segment, href: pathOf(segment), name, icon }
}

function scheduledEntry(count: number, words: MailWords): SidebarEntry {
  return { ...view('scheduled', 'clock', words.views.scheduled), count, countName: words.total(count) }
}

function searchEntry({ name, query }: SavedSearch): SidebarEntry {
  const href = searchPath(query)
  return { ...PLAIN, key: href, href, name, icon: 'search' }
}

function labelEntry({ keyword, name, colour }: Label): SidebarEntry {
  const segment = labelSegment(keyword)
  return { ...PLAIN, key: segment, href: pathOf(segment), name, colour, label: keyword }
}

/** A mailbox with a role is called by that: other programs call it what they like. */
export function nameOf(item: Pick<MailboxItem, 'role' | 'name'>, words: MailWords): string {
  return item.role ? words.roles[item.role] : item.name
}

/** What the page shows, as the sidebar calls it. */
export function titleOf({ mailbox, view, mail, searching }: Shown, words: MailWords): string {
  if (view)
    return view.kind === 'label' ? (mail.labels.byKeyword(view.keyword)?.name ?? view.keyword) : words.views[view.kind]
  if (searching.query !== null) return searching.query || words.searchShort
  return mailbox ? nameOf(mailbox, words) : words.roles.inbox
}

interface Shown {
  readonly searching: { readonly query: string | null }
  readonly mailbox: MailboxItem | undefined
  readonly view: View | undefined
  readonly mail: { readonly labels: Pick<Labels, 'byKeyword'> }
}

/** ARIA 1.2: aria-posinset and aria-setsize, since collapsed branches are not in the document. */
function numbered(entries: readonly SidebarEntry[]): SidebarEntry[] {
  const made: SidebarEntry[] = []
  /** of each level, those that are siblings of the last one */
  const open: number[][] = []
  const close = (level: number): void =>
    open.splice(level).forEach((siblings) => {
      siblings.forEach((at, place) => {
        const entry = entries[at]
        if (entry) made[at] = { ...entry, siblings: siblings.length, position: place + 1 }
      })
    })
  entries.forEach(({ level }, at) => {
    close(level + 1)
    ;(open[level] ??= []).push(at)
  })
  close(0)
  return made
}

/** What a key does in the tree: go to an entry, or open or close a branch. */
export type TreeStep = { readonly to: string } | { readonly branch: string; readonly expanded: boolean } | null

/** The keys of a tree (ARIA Authoring Practices): up, down, Home, End; → opens or goes inside, ← closes or goes out. */
export function treeStep(entries: readonly SidebarEntry[], at: string, key: string, rightToLeft = false): TreeStep {
  const place = entries.findIndex((entry) => entry.key === at)
  const entry = entries[place]
  const to = (found: SidebarEntry | undefined): TreeStep => (found ? { to: found.key } : null)
  switch (key) {
    case 'ArrowDown':
      return to(entries[place + 1])
    case 'ArrowUp':
      return to(entries[place - 1])
    case 'Home':
      return to(entries[0])
    case 'End':
      return to(entries.at(-1))
    case 'ArrowRight':
    case 'ArrowLeft':
      return entry ? ((key === 'ArrowRight') === rightToLeft ? outward(entries, place) : inward(entries, place)) : null
    default:
      return null
  }
}

function inward(entries: readonly SidebarEntry[], place: number): TreeStep {
  const entry = entries[place]
  if (!entry || entry.expanded === null) return null
  const next = entries[place + 1]
  return entry.expanded ? (next ? { to: next.key } : null) : { branch: entry.key, expanded: true }
}

function outward(entries: readonly SidebarEntry[], place: number): TreeStep {
  const entry = entries[place]
  if (!entry) return null
  if (entry.expanded) return { branch: entry.key, expanded: false }
  const parent = entries.slice(0, place).findLast(({ level }) => level < entry.level)
  return parent && entry.level > 1 ? { to: parent.key } : null
}
