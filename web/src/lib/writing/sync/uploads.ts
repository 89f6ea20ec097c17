/** The files of drafts on their way to the mail server: at most two at once, kept on this device until it has them. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { uploadUrl } from '#lib/jmap/upload.ts'
import type { Id } from '#lib/jmap/types.ts'
import { pauseAfter } from '#lib/live/pause.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import type { Drafts } from './drafts.ts'
import { troubleOf } from '#lib/sync/task.ts'
import { blobIdIn, byXmlHttpRequest, type Upload } from './upload-port.ts'

/** The server, and other tabs, need connections too. */
const AT_ONCE = 2
/** Milliseconds */
const A_WHILE = 60_000

export type UploadState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'uploading'; readonly done: number }
  | { readonly kind: 'failed'; readonly trouble: Trouble }

interface Entry {
  readonly draftId: string
  readonly fileId: string
  readonly type: string
  state: UploadState
  failures: number
  readonly ends: AbortController
  callOff: () => void
}

export class Uploads {
  /** told when the state of a file changed */
  onchange: (draftId: string, fileId: string) => void = () => undefined
  /** told that the mail server has it */
  onuploaded: (draftId: string, fileId: string, blobId: Id) => void = () => undefined
  readonly #session: Session
  readonly #drafts: Drafts
  readonly #upload: Upload
  readonly #entries = new Map<string, Entry>()
  /** where the browser keeps nothing, and before it is kept */
  readonly #contents = new Map<string, Blob>()
  #running = 0
  readonly #end: () => void

  constructor(session: Session, drafts: Drafts) {
    this.#session = session
    this.#drafts = drafts
    this.#upload = session.ports.upload ?? byXmlHttpRequest
    this.#end = session.ports.onReturn(() => this.#tryAll())
  }

  /** `content`: null if this device keeps it already. */
  async add(draftId: string, fileId: string, type: string, content: Blob | null): Promise<void> {
    this.#entries.get(fileId)?.ends.abort()
    if (content) {
      this.#contents.set(fileId, content)
      // What cannot be kept is uploaded all the same: only a crash before that costs it.
      await this.#drafts.store
        ?.putFile(fileId, content)
        .catch((failure: unknown) => this.#session.ports.report(failure))
    }
    const ends = new AbortController()
    const entry = {
      draftId,
      fileId,
      type,
      state: { kind: 'waiting' } as const,
      failures: 0,
      ends,
      callOff: () => undefined
    }
    this.#entries.set(fileId, entry)
    this.#changed(entry)
    this.#next()
  }

  /** null: it is uploaded, or nobody knows of it. */
  stateOf(fileId: string): UploadState | null {
    return this.#entries.get(fileId)?.state ?? null
  }

  again(fileId: string): void {
    const entry = this.#entries.get(fileId)
    if (entry?.state.kind === 'failed') {
      entry.callOff()
      entry.state = { kind: 'waiting' }
      this.#changed(entry)
      this.#next()
    }
  }

  /** null if this device has it no more */
  async contentOf(fileId: string): Promise<Blob | null> {
    return this.#contents.get(fileId) ?? (await this.#drafts.store?.file(fileId).catch(() => undefined)) ?? null
  }

  cancel(fileId: string): void {
    const entry = this.#entries.get(fileId)
    entry?.callOff()
    entry?.ends.abort()
    this.#entries.delete(fileId)
    this.#contents.delete(fileId)
  }

  /** At the start of a tab: what was attached to a draft that was never kept is removed. */
  async sweep(): Promise<void> {
    const { store } = this.#drafts
    const before = new Set(await store?.unusedFiles().catch(() => []))
    if (store && before.size > 0) {
      // A draft is kept a moment after its files.
      this.#session.ports.after(A_WHILE, () => {
        const remove = async (): Promise<void> => {
          await store.removeFiles((await store.unusedFiles()).filter((id) => before.has(id)))
        }
        // The next start tries again.
        remove().catch(() => undefined)
      })
    }
  }

  stop(): void {
    this.#end()
    ;[...this.#entries.keys()].forEach((id) => this.cancel(id))
  }

  #next(): void {
    for (const entry of this.#entries.values()) {
      if (entry.state.kind === 'waiting' && this.#running < AT_ONCE) {
        this.#running += 1
        entry.state = { kind: 'uploading', done: 0 }
        void this.#run(entry).finally(() => {
          this.#running -= 1
          this.#next()
        })
      }
    }
  }

  async #run(entry: Entry): Promise<void> {
    this.#changed(entry)
    try {
      const blobId = await this.#send(entry)
      if (this.#isOpen(entry)) {
        this.#entries.delete(entry.fileId)
        this.onuploaded(entry.draftId, entry.fileId, blobId)
        this.onchange(entry.draftId, entry.fileId)
      }
    } catch (failure) {
      if (this.#isOpen(entry)) {
        this.#failed(entry, failure)
      }
    }
  }

  async #send(entry: Entry): Promise<Id> {
    const { client, ports } = this.#session
    const content = await this.contentOf(entry.fileId)
    if (!content) {
      throw new JmapFailure('gone')
    }
    await this.#session.connected()
    const response = await this.#upload({
      url: uploadUrl(client, ports.origin),
      content,
      type: entry.type,
      progress: (done) => {
        if (this.#isOpen(entry)) {
          entry.state = { kind: 'uploading', done }
          this.#changed(entry)
        }
      },
      signal: entry.ends.signal
    })
    return blobIdIn(response, content.size, ports.now())
  }

  /** It was neither cancelled nor begun anew. */
  #isOpen(entry: Entry): boolean {
    return this.#entries.get(entry.fileId) === entry
  }

  #failed(entry: Entry, failure: unknown): void {
    const { ports } = this.#session
    const known = failure instanceof JmapFailure ? failure : null
    if (!known) {
      ports.report(failure)
    }
    entry.failures += 1
    const pause = known?.transient ? pauseAfter(entry.failures, known.retryAfter, ports.random()) : null
    entry.state = { kind: 'failed', trouble: troubleOf(failure, pause === null ? null : new Date(ports.now() + pause)) }
    if (pause !== null) {
      entry.callOff = ports.after(pause, () => this.again(entry.fileId))
    }
    this.#changed(entry)
  }

  /** The network is back. */
  #tryAll(): void {
    for (const [id, { state }] of this.#entries) {
      if (state.kind === 'failed' && state.trouble.retryAt) this.again(id)
    }
  }

  #changed({ draftId, fileId }: Entry): void {
    this.onchange(draftId, fileId)
  }
}
