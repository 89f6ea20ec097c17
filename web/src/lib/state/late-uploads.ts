/** Uploads files, once what does it is loaded. Until then this device keeps them. */
import type { Drafts } from '#lib/sync/drafts.ts'
import type { UploadState } from '#lib/sync/uploads.ts'
import type { Engine, Loading } from './engine.ts'

interface Waiting {
  readonly draftId: string
  readonly type: string
  readonly content: Blob | null
}

const WAITING: UploadState = { kind: 'waiting' }

export class LateUploads {
  readonly #engine: Loading
  readonly #drafts: Drafts
  readonly #waiting = new Map<string, Waiting>()

  constructor(engine: Loading, drafts: Drafts) {
    this.#engine = engine
    this.#drafts = drafts
  }

  /** `content`: null if this device keeps it already. */
  async add(draftId: string, fileId: string, type: string, content: Blob | null): Promise<void> {
    const { now } = this.#engine
    if (now) {
      await now.uploads.add(draftId, fileId, type, content)
      return
    }
    this.#waiting.set(fileId, { draftId, type, content })
    void this.#engine.loaded()
    if (content) {
      // The upload keeps it once more, and tells what goes wrong.
      await this.#drafts.store?.putFile(fileId, content).catch(() => undefined)
    }
  }

  /** null: it is uploaded, or nobody knows of it. */
  stateOf(fileId: string): UploadState | null {
    const { now } = this.#engine
    return now ? now.uploads.stateOf(fileId) : this.#waiting.has(fileId) ? WAITING : null
  }

  again(fileId: string): void {
    this.#engine.now?.uploads.again(fileId)
  }

  cancel(fileId: string): void {
    this.#waiting.delete(fileId)
    this.#engine.now?.uploads.cancel(fileId)
  }

  /** null if this device has it no more */
  async contentOf(fileId: string): Promise<Blob | null> {
    const waiting = this.#waiting.get(fileId)?.content
    return waiting ?? (await this.#engine.loaded()).uploads.contentOf(fileId)
  }

  begin({ uploads }: Engine): void {
    for (const [fileId, { draftId, type, content }] of this.#waiting) {
      void uploads.add(draftId, fileId, type, content)
    }
    this.#waiting.clear()
  }
}
