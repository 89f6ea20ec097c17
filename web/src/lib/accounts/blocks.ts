/** How the groups of a form stand on the page: the first method, what may take its place, and the others. Pure. */
import { isResend, SHARED, type Button, type Form, type Group, type Part } from '#lib/accounts/form.ts'

/** Parts that are sent together: one HTML form, whose first button the key Enter presses. */
export interface Block {
  readonly key: string
  readonly parts: readonly Part[]
}

export interface Layout {
  readonly first: Block
  /** other second factors with a field of their own: one is shown at a time */
  readonly secondFactors: readonly Block[]
  /** the other methods, behind an "or" each */
  readonly otherMethods: readonly Block[]
}

export function layoutOf(form: Form): Layout {
  const shared = form.groups.filter((group) => SHARED.includes(group.name))
  const methods = form.groups.filter((group) => !SHARED.includes(group.name))
  // An address that is asked for first has its own button: the other methods stay behind the "or".
  const isComplete = shared.some((group) => group.parts.some((part) => part.is === 'button'))
  const main = isComplete ? [] : methods.slice(0, 1)
  const first = { key: 'first', parts: [...shared, ...main].flatMap((group) => group.parts) }
  const rest = methods.slice(main.length)
  const isSecondFactor = form.kind === 'login' && form.flow.aal === 'aal2'
  const secondFactors = isSecondFactor ? rest.filter(hasField) : []
  const otherMethods = rest.filter((group) => !secondFactors.includes(group))
  return { first, secondFactors: secondFactors.map(blockOf), otherMethods: joined(otherMethods) }
}

/** Settings: each group is a section of its own. */
export function sectionsOf(form: Form): Block[] {
  return form.groups.map(blockOf)
}

function blockOf(group: Group): Block {
  return { key: group.name, parts: group.parts }
}

function hasField(group: Group): boolean {
  return group.parts.some((part) => part.is === 'field')
}

/** Buttons that follow each other need no "or" between them. */
function joined(groups: readonly Group[]): Block[] {
  const blocks: Block[] = []
  for (const group of groups) {
    const before = blocks.at(-1)
    if (before && !hasField(group) && before.parts.every((part) => part.is === 'button')) {
      blocks[blocks.length - 1] = { key: before.key, parts: [...before.parts, ...group.parts] }
    } else {
      blocks.push(blockOf(group))
    }
  }
  return blocks
}

/** The button that the key Enter presses: the first that is no resending and no taking away. */
export function mainButton(block: Block): Button | null {
  const buttons = block.parts.filter((part) => part.is === 'button')
  return buttons.find((button) => !isResend(button) && !isRemoval(button)) ?? null
}

export function isRemoval(button: Button): boolean {
  return /_(remove|unlink|disable)$|^unlink$/.test(button.name)
}
