/**
 * Replies that were typed and not sent. They outlive a reload, a crash and the end of a session. All tabs of a person have
 * the same: what one of them has sent no other offers to send again.
 */
import type { Cache, KeptDraft } from '#lib/cache/cache.ts'
import type { Id } from '#lib/jmap/types.ts'
import type { Ports } from './ports.ts'

/** Milliseconds without a key before the text is written. */
const REST = 300

export class Drafts {
  readonly #ports: Ports
  readonly #drafts = new Map<Id, KeptDraft>()
  readonly #resting = new Map<Id, () => void>()
  readonly #sending = new Map<Id, Promise<void>>()
  /** told when a text was written, or could not be; `elsewhere`: another tab changed it */
  onwritten: (id: Id, elsewhere: boolean) => void = () => undefined
  readonly #written = new Map<Id, string>()
  readonly #failed = new Set<Id>()
  #cache: Cache | null = null
  #channel: BroadcastChannel | null = null
  #stopped = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** What this device kept; text that was typed before it was read is newer. */
  begin(cache: Cache, kept: readonly KeptDraft[]): void {
    this.#cache = cache
    this.#listen(`${cache.name}-drafts`)
    const typed = new Set(this.#drafts.keys())
    for (const draft of kept.filter(({ id }) => !typed.has(id))) {
      this.#drafts.set(draft.id, draft)
      this.#written.set(draft.id, draft.text)
    }
    typed.forEach((id) => void this.#write(id))
  }

  get(id: Id): KeptDraft {
    return this.#drafts.get(id) ?? { id, text: '', sending: null }
  }

  ids(): Id[] {
    return [...this.#drafts.values()].filter(({ text }) => text.trim() !== '').map(({ id }) => id)
  }

  /** Whether this device has the text. */
  stateOf(id: Id): 'none' | 'keeping' | 'kept' | 'failed' {
    const { text } = this.get(id)
    if (text.trim() === '') {
      return 'none'
    }
    return this.#failed.has(id) ? 'failed' : this.#written.get(id) === text ? 'kept' : 'keeping'
  }

  type(id: Id, text: string): void {
    this.#drafts.set(id, { ...this.get(id), text })
    this.#resting.get(id)?.()
    this.#resting.set(
      id,
      this.#ports.after(REST, () => void this.#write(id))
    )
  }

  /** Do not wait for a rest: the page is being left. */
  writeAll(): void {
    ;[...this.#resting.keys()].forEach((id) => void this.#write(id))
  }

  /** Resolves once it is written: what is handed to the mail server must be known after a crash. */
  sending(id: Id, sending: KeptDraft['sending']): Promise<void> {
    this.#drafts.set(id, { ...this.get(id), sending })
    return this.#write(id)
  }

  /** One sending of a reply at a time in this tab: a double click sends once. */
  once(id: Id, send: () => Promise<void>): Promise<void> {
    let sending = this.#sending.get(id)
    if (!sending) {
      sending = send().finally(() => this.#sending.delete(id))
      this.#sending.set(id, sending)
    }
    return sending
  }

  /** And in all tabs, where the browser has locks: what waits for another tab learns what became of its sending. */
  async alone(id: Id, send: () => Promise<void>): Promise<void> {
    const { locks } = this.#ports
    if (!locks || !this.#cache) {
      return send()
    }
    if (this.#resting.has(id)) {
      // It is not being typed any more: what the other tab says of it counts.
      void this.#write(id)
    }
    await locks.request(`${this.#cache.name}-reply-${id}`, async () => {
      // Without a text, the other tab has sent it meanwhile.
      if (this.get(id).text !== '') {
        await send()
      }
    })
  }

  sent(id: Id): void {
    this.#drafts.set(id, { id, text: '', sending: null })
    void this.#write(id)
  }

  /** Nothing of it is this person's any more. */
  forget(): void {
    this.#resting.forEach((callOff) => callOff())
    this.#resting.clear()
    this.#drafts.clear()
    this.#cache = null
    this.#close()
  }

  /** The page is left, perhaps before what this device kept was read. */
  stop(): void {
    this.#stopped = true
    this.#close()
  }

  #close(): void {
    this.#channel?.close()
    this.#channel = null
  }

  #listen(name: string): void {
    this.#close()
    if (this.#stopped) {
      return
    }
    this.#channel = this.#ports.channel?.(name) ?? null
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<KeptDraft>) => {
      if (this.#resting.has(data.id)) {
        // What is being typed here is newer. What the other tab hands over must not be forgotten with it.
        this.#drafts.set(data.id, { ...this.get(data.id), sending: data.sending })
        return
      }
      this.#drafts.set(data.id, data)
      this.#written.set(data.id, data.text)
      this.onwritten(data.id, true)
    })
  }

  async #write(id: Id): Promise<void> {
    this.#resting.get(id)?.()
    this.#resting.delete(id)
    const draft = this.get(id)
    this.#channel?.postMessage(draft)
    const isKept = await this.#keep(draft)
    if (isKept) {
      this.#written.set(id, draft.text)
      this.#failed.delete(id)
    } else {
      this.#failed.add(id)
    }
    this.onwritten(id, false)
  }

  /** Whether it is kept: a browser that keeps nothing has no cache. */
  async #keep(draft: KeptDraft): Promise<boolean> {
    try {
      await this.#cache?.keepDraft(draft)
      if (draft.text !== '') {
        this.#ports.persist()
      }
      return this.#cache !== null
    } catch (failure) {
      this.#ports.report(failure)
      return false
    }
  }
}
