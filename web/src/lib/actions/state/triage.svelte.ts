/** What actions hit: the selected conversations, else the current one in the list, else the open one. */
import type { EarlyKeys } from '#lib/state/early-keys.ts'
import type { Cursor } from '#lib/state/cursor.svelte.ts'
import type { Action, Row } from '#lib/state/mail.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import * as selections from '#lib/actions/state/selection.ts'
import type { Selection } from '#lib/actions/state/selection.ts'
import { online } from 'svelte/reactivity/window'

/** What is asked, or chosen, over the page. `anchor`: beside it. */
export type TriageDialog =
  | { readonly kind: 'keys' }
  | { readonly kind: 'pick'; readonly what: 'move' | 'label' | 'go'; readonly anchor: Element | null }
  | { readonly kind: 'more' | 'view'; readonly anchor: Element | null }
  /** `count`: conversations; null if it is not known how many match */
  | { readonly kind: 'question'; readonly action: Action; readonly count: number | null; readonly run: () => void }

export class Triage {
  readonly #mail: Mail
  readonly #cursor: Cursor
  readonly #early: EarlyKeys
  #selected = $state.raw<{ selection: Selection; of: string | undefined }>({
    selection: selections.NOTHING,
    of: undefined
  })
  #dialog = $state.raw<TriageDialog | null>(null)
  /** what the dialog was asked about: behind it, the keyboard may be led to another conversation meanwhile */
  #asked: readonly string[] = []
  /** The dialog is there. One that is not there yet, and may never come, decides on nothing. */
  #isThere = $state(false)

  constructor(mail: Mail, cursor: Cursor, early: EarlyKeys) {
    this.#mail = mail
    this.#cursor = cursor
    this.#early = early
  }

  get dialog(): TriageDialog | null {
    return this.#dialog
  }

  /** It comes with what reads. */
  set dialog(dialog: TriageDialog | null) {
    // One dialog may lead to another, about the same.
    this.#asked = this.targets
    this.#isThere = false
    this.#dialog = dialog
    if (dialog) this.#early.begin().addEventListener('abort', () => this.closed(dialog))
  }

  /** It ends with the list that it was made in. */
  get selection(): Selection {
    const { selection, of } = this.#selected
    return of === this.#mail.list?.key ? selection : selections.NOTHING
  }

  get isSelecting(): boolean {
    return !selections.isEmpty(this.selection)
  }

  /** null if it is not known how many match */
  get count(): number | null {
    return this.isSelecting ? selections.countOf(this.selection, this.#mail.list?.total ?? null) : this.targets.length
  }

  get extent(): 'none' | 'some' | 'all' {
    return this.isSelecting ? selections.extentOf(this.selection, this.#mail.list?.total ?? 0) : 'none'
  }

  /** If all that match are selected, those of them that are loaded. */
  get targets(): readonly string[] {
    if (this.#isThere) return this.#asked
    if (this.isSelecting) return [...this.selection.ids]
    const { reached } = this.#cursor
    return reached === undefined ? [] : [reached]
  }

  /** Whether all that an action would hit are so; what the list has not loaded is not known. */
  areAll(are: (row: Row) => boolean): boolean {
    const { list } = this.#mail
    const rows = this.targets.flatMap((id) => {
      const index = list?.indexOf(id)
      return (index === undefined ? undefined : list?.row(index)) ?? []
    })
    return rows.length > 0 && rows.every(are)
  }

  /** `anchor`: what was pressed for it; null for a key */
  ask(what: 'keys' | 'move' | 'label' | 'go' | 'more' | 'view', anchor: Element | null = null): void {
    if (what === 'keys') this.dialog = { kind: what }
    else if (what === 'more' || what === 'view') this.dialog = { kind: what, anchor }
    else this.dialog = { kind: 'pick', what, anchor }
  }

  /** It was closed; what it did may have opened another one meanwhile. The focus does not stay nowhere. */
  closed(dialog: TriageDialog | null): void {
    if (this.dialog === dialog) this.dialog = null
    if ('document' in globalThis && document.activeElement === document.body) this.#cursor.moves += 1
  }

  /** The dialog is there: until it is closed, nothing is about anything else than it was asked about. */
  came(): readonly string[] {
    this.#isThere = this.#dialog !== null
    return this.targets
  }

  /** `work` acts on these, and a dialog that it opens is asked about them. */
  on(targets: readonly string[], work: () => void): void {
    this.#asked = targets
    this.#isThere = true
    try {
      work()
    } finally {
      this.#isThere = false
    }
  }

  /** What is done now waits for the connection. */
  get waits(): boolean {
    return Boolean(this.#mail.list?.trouble) || online.current === false
  }

  isSelected(threadId: string): boolean {
    return selections.isSelected(this.selection, threadId)
  }

  toggle(threadId: string): void {
    this.#select(selections.toggled(this.selection, threadId))
  }

  /** From the anchor to there; the current row is the anchor of a selection that begins. */
  widen(threadId: string): void {
    const { list } = this.#mail
    const { current } = this.#cursor
    const from = this.isSelecting || current === null ? this.selection : selections.toggled(this.selection, current)
    this.#select(
      selections.widened(from, threadId, {
        indexOf: (id) => list?.indexOf(id),
        at: (index) => list?.row(index)?.threadId
      })
    )
  }

  /** The loaded rows that are so. */
  selectRows(are: (row: Row) => boolean = () => true): void {
    this.#select(
      selections.ofIds(
        this.#loaded()
          .filter(are)
          .map(({ threadId }) => threadId)
      )
    )
  }

  selectAll(): void {
    this.#select(selections.ofAll(this.#loaded().map(({ threadId }) => threadId)))
  }

  onlyLoaded(): void {
    this.#select(selections.onlyLoaded(this.selection))
  }

  end(): void {
    this.#select(selections.NOTHING)
  }

  #loaded(): Row[] {
    const { list } = this.#mail
    return Array.from({ length: list?.total ?? 0 }, (_, index) => list?.row(index)).filter((row) => row !== undefined)
  }

  #select(selection: Selection): void {
    this.#selected = { selection, of: this.#mail.list?.key }
  }
}
