import { nameFault } from '#lib/mail/names.ts'
import { LONGEST_NAME, type LabelNames } from '#lib/sync/labels.ts'
import { troubleOf } from '#lib/sync/task.ts'
import type { Label, LabelColour, Labels, WrongName } from './mail.ts'
import { Version } from './version.svelte.ts'

export class LabelsState implements Labels {
  readonly #names: LabelNames
  readonly #version = new Version()

  constructor(names: LabelNames) {
    this.#names = names
  }

  get items(): readonly Label[] {
    this.#version.seen()
    return this.#names.items
  }

  byKeyword(keyword: string): Label | undefined {
    return this.items.find((label) => label.keyword === keyword)
  }

  wrongName(name: string, self?: string): WrongName | null {
    const others = this.items.filter(({ keyword }) => keyword !== self)
    return nameFault(
      name,
      others.map((label) => label.name),
      LONGEST_NAME
    )
  }

  create(name: string, colour?: LabelColour): Promise<Label> {
    return told(this.#names.create(name, colour))
  }

  change(keyword: string, change: Partial<Pick<Label, 'name' | 'colour'>>): Promise<void> {
    return told(this.#names.change(keyword, change))
  }

  remove(keyword: string): Promise<void> {
    return told(this.#names.remove(keyword))
  }

  /** What is behind the items changed. */
  changed(): void {
    this.#version.next()
  }
}

/** It rejects with what a view can show. */
export async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (failure) {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
    throw troubleOf(failure)
  }
}
