/** A filter, as a person makes it: what a mail has to be, and what is done with it. */

export type Field = 'from' | 'to' | 'cc' | 'recipient' | 'subject' | 'list' | 'header' | 'body' | 'size' | 'attachment'
export type Test = 'contains' | 'is' | 'begins' | 'ends' | 'domain' | 'over' | 'under'

export interface Condition {
  readonly field: Field
  readonly test: Test
  /** the text that is looked for; of `size`: octets */
  readonly value: string
  /** of `header`: its name */
  readonly header: string
}

export type ActionKind = 'move' | 'copy' | 'label' | 'read' | 'star' | 'delete' | 'forward' | 'keep'

export interface FilterAction {
  readonly kind: ActionKind
  /** of `move` and `copy`: the id of a mailbox; of `label`: its keyword; of `forward`: an address */
  readonly value: string
}

export interface Filter {
  readonly id: string
  readonly name: string
  readonly on: boolean
  readonly match: 'any' | 'all'
  readonly conditions: readonly Condition[]
  readonly actions: readonly FilterAction[]
  /** filters below are not asked */
  readonly stop: boolean
}

const OF_ADDRESS: readonly Test[] = ['contains', 'is', 'begins', 'ends', 'domain']
const OF_TEXT: readonly Test[] = ['contains', 'is', 'begins', 'ends']

/** What can be asked of a field. */
export const TESTS: Readonly<Record<Field, readonly Test[]>> = {
  from: OF_ADDRESS,
  to: OF_ADDRESS,
  cc: OF_ADDRESS,
  recipient: OF_ADDRESS,
  subject: OF_TEXT,
  list: ['is', 'contains'],
  header: OF_TEXT,
  body: ['contains'],
  size: ['over', 'under'],
  attachment: ['is']
}

export const FIELDS = Object.keys(TESTS) as readonly Field[]

const WITH_VALUE = {
  move: true,
  copy: true,
  label: true,
  read: false,
  star: false,
  delete: false,
  forward: true,
  keep: false
} as const satisfies Record<ActionKind, boolean>

export const KINDS = Object.keys(WITH_VALUE) as readonly ActionKind[]

export function hasValue(kind: ActionKind): boolean {
  return WITH_VALUE[kind]
}

/** Where the mail stays in the end; a filter has at most one of these. */
export const DESTINATIONS: readonly ActionKind[] = ['move', 'delete', 'keep']

export function newCondition(field: Field, before?: Condition): Condition {
  const test = TESTS[field].find((one) => one === before?.test) ?? TESTS[field][0] ?? 'is'
  const keeps = before && isOfText(before.field) && isOfText(field)
  return { field, test, value: keeps ? before.value : '', header: '' }
}

function isOfText(field: Field): boolean {
  return field !== 'size' && field !== 'attachment'
}

/** The same, of what another version of this page wrote; null if that is no filter. */
export function filterOf(found: unknown): Filter | null {
  const { id, name, on, match, conditions, actions, stop } = (found ?? {}) as Partial<Record<keyof Filter, unknown>>
  if (typeof id !== 'string' || typeof name !== 'string' || !Array.isArray(conditions) || !Array.isArray(actions)) {
    return null
  }
  const read = { conditions: conditions.map(conditionOf), actions: actions.map(actionOf) }
  // Half a filter would hit other mail than the person meant.
  if (read.conditions.includes(null) || read.actions.includes(null)) {
    return null
  }
  if ((match !== 'any' && match !== 'all') || typeof on !== 'boolean' || typeof stop !== 'boolean') {
    return null
  }
  return {
    id,
    name,
    on,
    match,
    conditions: read.conditions.filter((one) => one !== null),
    actions: read.actions.filter((one) => one !== null),
    stop
  }
}

function conditionOf(found: unknown): Condition | null {
  const { field, test, value, header = '' } = (found ?? {}) as Partial<Record<keyof Condition, unknown>>
  const known = FIELDS.find((one) => one === field)
  const asked = known && TESTS[known].find((one) => one === test)
  return known && asked && typeof value === 'string' && typeof header === 'string'
    ? { field: known, test: asked, value, header }
    : null
}

function actionOf(found: unknown): FilterAction | null {
  const { kind, value = '' } = (found ?? {}) as Partial<Record<keyof FilterAction, unknown>>
  const known = KINDS.find((one) => one === kind)
  return known && typeof value === 'string' ? { kind: known, value } : null
}
