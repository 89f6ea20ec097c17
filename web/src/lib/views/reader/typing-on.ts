/** Keys of somebody who types on, while a question comes up that they do not look at. */

/** Milliseconds in which nobody reads a question and answers it. */
const READING = 1_000

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>

export class TypingOn {
  readonly #from: number
  #types = false

  /** `now`: the question comes up. */
  constructor(now: number) {
    this.#from = now
  }

  /** True: the key is a part of a text, and presses no button. A space alone presses one; Enter, Escape always act. */
  takes({ key, ctrlKey, metaKey, altKey }: Key, now: number): boolean {
    if (key === 'Tab' || key.startsWith('Arrow')) this.#types = false
    if (!/^.$/u.test(key) || ctrlKey || metaKey || altKey) return false
    this.#types ||= key !== ' ' || now - this.#from < READING
    return this.#types
  }
}
