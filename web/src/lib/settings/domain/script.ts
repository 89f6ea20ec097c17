/**
 * The script of ours: written from the filters and the reply, and read back from it.
 *
 * What it was written from stands in comments at its beginning, with a sum over all of it. So nothing is lost at a round
 * trip, and a script that somebody changed by hand is not taken for ours: the comments would not say what it does.
 */
import { fnv } from '#lib/mail/fnv.ts'
import { absenceOf, NO_ABSENCE, replyCommand, type Absence } from './absence.ts'
import { commandsOf, type Folders } from './action-code.ts'
import { testOf } from './condition-code.ts'
import { filterOf, type Filter } from './filter.ts'
import { extensionsOf, isPossible, mayReply, type Offers } from './offers.ts'
import { listed, oneLine, wellFormed } from './text.ts'

/** What the script is called at the mail server. */
export const OUR_NAME = 'postroom'

const VERSION = 1
const HEAD = /^# Written by Postroom \(version (\d+), sum ([0-9a-f]{8})\)\.$/
const ADVICE = '# Change it there: once it is changed elsewhere, Postroom shows it as text only.'
const FILTER = '# filter '
const ABSENCE = '# absence '

export interface Content {
  readonly filters: readonly Filter[]
  readonly absence: Absence
}

export const EMPTY: Content = { filters: [], absence: NO_ABSENCE }

export interface Writing {
  readonly offers: Offers
  readonly folders: Folders
  /** all addresses of the person */
  readonly addresses: readonly string[]
}

export function written(content: Content, writing: Writing): string {
  const { filters, absence } = content
  const models = [
    ...(absence === NO_ABSENCE ? [] : [ABSENCE + JSON.stringify(absence)]),
    ...filters.map((filter) => FILTER + JSON.stringify(filter))
  ]
  const code = codeOf(content, writing)
  const lines = [ADVICE, ...models, ...(code.length > 0 ? ['', ...code] : [])]
    .join('\r\n')
    .split('\r\n')
    .map(wellFormed)
  return [`# Written by Postroom (version ${String(VERSION)}, sum ${sumOf(lines)}).`, ...lines, ''].join('\r\n')
}

/** null: it is another program's, or was changed by hand, or is of a newer version than this page. */
export function read(script: string): Content | null {
  // A server may have changed the line ends, or what is behind the last line.
  const [first = '', ...lines] = script.trimEnd().split(/\r?\n/)
  const [, version, sum] = HEAD.exec(first) ?? []
  if (version !== String(VERSION) || sum !== sumOf(lines)) {
    return null
  }
  const end = lines.findIndex((line) => !line.startsWith('#'))
  const models = end < 0 ? lines : lines.slice(0, end)
  const filters = models.filter((line) => line.startsWith(FILTER)).map((line) => filterOf(json(line, FILTER)))
  const reply = models.find((line) => line.startsWith(ABSENCE))
  const absence = reply === undefined ? NO_ABSENCE : absenceOf(json(reply, ABSENCE))
  return absence === null || filters.includes(null)
    ? null
    : { filters: filters.filter((filter) => filter !== null), absence }
}

function json(line: string, mark: string): unknown {
  try {
    return JSON.parse(line.slice(mark.length))
  } catch {
    return null
  }
}

function codeOf({ filters, absence }: Content, { offers, folders, addresses }: Writing): string[] {
  const active = filters.filter((filter) => filter.on && filter.conditions.length > 0 && isPossible(filter, offers))
  const replies = absence.on && mayReply(offers)
  const byId = BY_ID.every((name) => offers.extensions.has(name))
  const blocks = active.map((filter) => blockOf(filter, folders, byId))
  const guards = (active.length > 0 || replies) && hasSpamTest(offers)
  const needed = new Set(active.flatMap(({ conditions, actions }) => [...conditions, ...actions].flatMap(extensionsOf)))
  if (byId && needed.has('fileinto')) BY_ID.forEach((name) => needed.add(name))
  if (replies) ['vacation', 'date', 'relational'].forEach((name) => needed.add(name))
  if (guards) SPAM_TEST.forEach((name) => needed.add(name))
  return [
    ...(needed.size > 0 ? [`require ${listed([...needed].toSorted())};`] : []),
    ...(guards ? ['', '# What the mail server takes for spam is left to it.', SPAM_GUARD] : []),
    ...(replies ? ['', ...replyCommand(absence, addresses)] : []),
    ...blocks.flatMap((block) => ['', ...block])
  ]
}

/** RFC 9042 §4; Stalwart wants the second for the first. */
const BY_ID = ['mailboxid', 'mailbox']

/** RFC 5235. Otherwise a filter would take spam out of its folder: Stalwart looks at what no script has filed. */
const SPAM_TEST = ['spamtest', 'relational', 'comparator-i;ascii-numeric']
const SPAM_GUARD = 'if spamtest :value "ge" :comparator "i;ascii-numeric" "6" { stop; }'

function hasSpamTest({ extensions }: Offers): boolean {
  return SPAM_TEST.every((name) => extensions.has(name))
}

function blockOf({ name, match, conditions, actions, stop }: Filter, folders: Folders, byId: boolean): string[] {
  const tests = conditions.map(testOf)
  const commands = [...commandsOf(actions, folders, byId), ...(stop ? ['stop;'] : [])]
  return [
    `# ${oneLine(name)}`,
    `if ${match === 'any' ? 'anyof' : 'allof'} (`,
    ...tests.map((test, at) => `  ${test}${at < tests.length - 1 ? ',' : ''}`),
    ') {',
    ...commands.map((command) => `  ${command}`),
    '}'
  ]
}

/** It tells a change by hand, not a forgery. */
function sumOf(lines: readonly string[]): string {
  return fnv(lines.join('\n')).toString(16).padStart(8, '0')
}
