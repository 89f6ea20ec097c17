/** What the sidebar shows, where the keyboard is in it, and which branches are collapsed on this device. */
import type { Words } from '#lib/words/en.ts'
import { DeviceStorage } from './device-storage.ts'
import type { MailPage } from './page.svelte.ts'
import { SCHEDULED } from '#lib/writing/state/writing.svelte.ts'
import { sectionsOf, treeStep, type SidebarEntry, type Section } from './sidebar.ts'

const COLLAPSED = 'collapsed-folders'

export class Sidebar {
  readonly #page: MailPage
  readonly #words: () => Words['mail']
  readonly #device = new DeviceStorage()
  #collapsed = $state.raw<ReadonlySet<string>>(new Set())
  /** of the entry where the keyboard is; null: where the page is */
  #at = $state<string | null>(null)

  constructor(page: MailPage, words: () => Words['mail']) {
    this.#page = page
    this.#words = words
    const kept = this.#device.read(COLLAPSED)
    this.#collapsed = new Set(Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : [])
  }

  readonly sections: readonly Section[] = $derived.by(() =>
    sectionsOf(
      {
        items: this.#page.mail.mailboxes.items,
        labels: this.#page.mail.labels.items,
        searches: this.#page.mail.savedSearches,
        scheduled: this.#scheduled,
        collapsed: this.#collapsed
      },
      this.#words()
    )
  )

  readonly #entries: readonly SidebarEntry[] = $derived(this.sections.flatMap(({ entries }) => entries))

  /** Until it is known, as many as on the last visit: the entries below stay in their places. */
  get #scheduled(): number | null {
    const { writing, view } = this.#page
    const count = writing.sent?.scheduled?.length ?? Number(this.#device.read(SCHEDULED))
    return count > 0 || view?.kind === 'scheduled' ? count : null
  }

  /** of what the page shows */
  get current(): string | null {
    return this.#page.place
  }

  /** of the one entry that Tab reaches */
  get stop(): string | undefined {
    const keys = [this.#at, this.current]
    const found = keys.find((key) => key !== null && this.#entries.some((entry) => entry.key === key))
    return found ?? this.#entries[0]?.key
  }

  /** The keyboard is there. */
  stopAt(key: string | null): void {
    this.#at = key
  }

  /** Returns whether the key did something in the tree; `focus` is told where to go. */
  press(key: string, rightToLeft: boolean, focus: (key: string) => void): boolean {
    const step = treeStep(this.#entries, this.stop ?? '', key, rightToLeft)
    if (!step) return false
    if ('branch' in step) this.expand(step.branch, step.expanded)
    else focus(step.to)
    return true
  }

  expand(id: string, expanded: boolean): void {
    const collapsed = new Set(this.#collapsed)
    if (expanded) collapsed.delete(id)
    else collapsed.add(id)
    this.#collapsed = collapsed
    this.#device.write(COLLAPSED, [...collapsed])
  }
}
