/** Which command a key runs, alone or behind another one. */
import type { Command } from '#lib/commands/command.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

export interface Key {
  readonly key: string
  /** when it was pressed, in milliseconds: a busy page handles it later */
  readonly at: number
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  /** the key is held down */
  readonly repeat: boolean
  /** the person is writing: keys are text, and Ctrl+Z undoes text */
  readonly typing: boolean
  /** the focus is in the list, or nowhere */
  readonly inList: boolean
}

/** Milliseconds within which the second of two keys follows. */
const SECOND_KEY = 1_500

export class Keyboard {
  readonly #commands: readonly Command[]
  readonly #page: MailPage
  #first: { key: string; until: number } | null = null

  constructor(page: MailPage, commands: readonly Command[]) {
    this.#page = page
    this.#commands = commands
  }

  /** True if the key is ours. */
  press(key: Key): boolean {
    const name = nameOf(key)
    // Shift alone comes between the keys of "* a" on many keyboards.
    if (key.typing || name === null || MODIFIERS.has(key.key)) return false
    if (!key.ctrlKey && !key.metaKey && this.#page.early.keeps(key.key)) return true
    const first = this.#first && this.#first.until >= key.at ? this.#first.key : null
    this.#first = null
    const command = this.#fitting(key).find(({ keys }) => keys.includes(first === null ? name : `${first} ${name}`))
    if (command) {
      if (!this.#isLate(command, key)) void command.run(this.#page)
      return true
    }
    // A second key that belongs to no pair does nothing: who mistypes "g s" must not archive.
    if (first !== null) return true
    if (!this.#fitting(key).some(({ keys }) => keys.some((each) => each.startsWith(`${name} `)))) return false
    this.#first = { key: name, until: key.at + SECOND_KEY }
    return true
  }

  /** It was pressed for a conversation that has left since, and the keyboard was led on to another one. */
  #isLate({ group, name, isAboutReached }: Command, { at }: Key): boolean {
    const { cursor, triage } = this.#page
    const isSorting = group === 'sort' && name !== 'undo' && !triage.isSelecting
    return (isAboutReached || isSorting) && cursor.isLate(at)
  }

  #fitting(key: Key): readonly Command[] {
    const isSingle = key.key.length === 1 && !key.ctrlKey && !key.metaKey
    if (isSingle && !this.#page.preferences.chosen.singleKeys) return []
    const needsList = key.ctrlKey || key.metaKey
    return this.#commands.filter(
      (command) =>
        (!key.repeat || command.repeats) && (!needsList || !command.inList || key.inList) && command.when(this.#page)
    )
  }
}

const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Process'])

/** As commands name keys; null for keys that belong to the browser. Caps lock does not change what a letter does. */
export function nameOf({ key, shiftKey, ctrlKey, metaKey, altKey }: Key): string | null {
  const letter = /^\p{L}$/u.test(key) ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key
  // AltGr types characters as "#" and "[" on many keyboards, and is Ctrl+Alt on some systems.
  if (altKey) return key.length === 1 && !/[\p{L}\p{N}]/u.test(key) ? key : null
  if (ctrlKey || metaKey) return shiftKey ? null : `Ctrl+${key.toLowerCase()}`
  return letter
}
