/** The operators of a search, by the names that people may type. German names work in every language, as English ones do. */
import { nearest } from '#lib/mail/nearest.ts'

export type Operator =
  | 'from'
  | 'to'
  | 'cc'
  | 'subject'
  | 'in'
  | 'label'
  | 'is'
  | 'has'
  | 'filename'
  | 'larger'
  | 'smaller'
  | 'before'
  | 'after'
  | 'older'
  | 'newer'

const NAMES: Readonly<Record<Operator, readonly string[]>> = {
  from: ['from', 'von'],
  to: ['to', 'an'],
  cc: ['cc', 'kopie'],
  subject: ['subject', 'betreff'],
  in: ['in', 'ordner'],
  label: ['label', 'etikett'],
  is: ['is', 'ist'],
  has: ['has', 'hat', 'mit'],
  filename: ['filename', 'dateiname'],
  larger: ['larger', 'größer', 'groesser'],
  smaller: ['smaller', 'kleiner'],
  before: ['before', 'vor'],
  after: ['after', 'nach'],
  older: ['older', 'älter', 'aelter'],
  newer: ['newer', 'neuer']
}

const OPERATORS = Object.keys(NAMES) as readonly Operator[]

const BY_NAME = new Map(OPERATORS.flatMap((operator) => NAMES[operator].map((name) => [name, operator] as const)))

export function operatorOf(name: string): Operator | undefined {
  return BY_NAME.get(name.toLowerCase())
}

/** The operator that a misspelt name could mean, as its name in the same language; null for none. */
export function meantOperator(name: string): string | null {
  return nearest(name.toLowerCase(), [...BY_NAME.keys()])
}

/** The fixed values of operators, each with what else people may type for it. */
const VALUES: Readonly<Partial<Record<Operator, Readonly<Record<string, readonly string[]>>>>> = {
  is: {
    unread: ['unread', 'ungelesen'],
    read: ['read', 'gelesen'],
    starred: ['starred', 'markiert'],
    draft: ['draft', 'entwurf']
  },
  has: { attachment: ['attachment', 'anhang'] }
}

/** Whether an operator takes only certain values. */
export function takesFixedValues(operator: Operator): boolean {
  return operator in VALUES
}

/** The canonical value; undefined if the operator takes no such value. */
export function fixedValueOf(operator: Operator, typed: string): string | undefined {
  const found = Object.entries(VALUES[operator] ?? {}).find(([, names]) => names.includes(typed.toLowerCase()))
  return found?.[0]
}

/** The value that a misspelt one could mean; null for none. */
export function meantValue(operator: Operator, typed: string): string | null {
  return nearest(typed.toLowerCase(), Object.values(VALUES[operator] ?? {}).flat())
}
