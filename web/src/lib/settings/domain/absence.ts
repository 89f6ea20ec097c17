/** The reply that senders get while the person is away, within the script (RFC 5230). */
import { listed, multiLine, octetsOf, oneLine, quoted } from './text.ts'

export interface Absence {
  readonly on: boolean
  /** "2026-12-01T08:00:00Z"; null: at once */
  readonly from: string | null
  /** null: until it is ended */
  readonly to: string | null
  readonly subject: string
  readonly text: string
}

export const NO_ABSENCE: Absence = { on: false, from: null, to: null, subject: '', text: '' }

/** Days after which a sender gets the reply once more (RFC 5230 §4.1). */
const DAYS = 7

export function absenceOf(found: unknown): Absence | null {
  const { on, from, to, subject, text } = (found ?? {}) as Partial<Record<keyof Absence, unknown>>
  if (typeof subject !== 'string' || typeof text !== 'string') {
    return null
  }
  return { on: on === true, from: momentOf(from), to: momentOf(to), subject, text }
}

function momentOf(found: unknown): string | null {
  return typeof found === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(found) ? found : null
}

/** RFC 3834 §2: nobody answers what a program sent. Stalwart would answer `auto-generated`, in spite of RFC 5230 §4.6. */
const BY_A_PERSON = 'not header :contains "auto-submitted" "auto-"'

/** Without a backslash: Stalwart would make a line end of `\\n` in it (`multiLine`). */
export function subjectSent(subject: string): string {
  return oneLine(subject).replaceAll('\\', '/').trim()
}

/** Octets of the text in the script, where each line ends with CRLF, and a dot at its start is doubled. */
export function octetsInScript(text: string): number {
  return octetsOf(multiLine(text))
}

/** `addresses`: all of the person; mail that names none of them in To or Cc is not replied to (RFC 5230 §4.5). */
export function replyCommand(absence: Absence, addresses: readonly string[]): string[] {
  const subject = subjectSent(absence.subject)
  const reply = [
    `vacation :days ${String(DAYS)}`,
    ...(subject === '' ? [] : [`:subject ${quoted(subject)}`]),
    ...(addresses.length === 0 ? [] : [`:addresses [${addresses.map((one) => listed([oneLine(one)])).join(', ')}]`]),
    `${multiLine(absence.text)};`
  ].join(' ')
  const tests = [moment('ge', absence.from), moment('lt', absence.to), BY_A_PERSON].filter((test) => test !== null)
  return [`if allof (${tests.join(', ')}) {`, `  ${reply}`, '}']
}

/** RFC 5260 §4.2: times of one zone, compared as texts. How a server writes the zone itself differs, so it is left out. */
function moment(relation: 'ge' | 'lt', at: string | null): string | null {
  return at === null ? null : `currentdate :zone "+0000" :value "${relation}" "iso8601" ${quoted(at.replace(/Z$/, ''))}`
}

export type Phase = 'off' | 'planned' | 'on' | 'over'

export function phaseOf({ on, from, to }: Absence, now: number): Phase {
  if (!on) return 'off'
  if (to !== null && Date.parse(to) <= now) return 'over'
  return from !== null && Date.parse(from) > now ? 'planned' : 'on'
}
