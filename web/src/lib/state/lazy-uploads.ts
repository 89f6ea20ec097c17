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

export class LazyUploads {
  readonly #loading: Loading
  readonly #drafts: Drafts
  readonly #waiting = new Map<string, Waiting>()

  constructor(loading: Loading, drafts: Drafts) {
    this.#loading = loading
    this.#drafts = drafts
  }

  /** `content`: null if this device keeps it already. */
  async add(draftId: string, fileId: string, type: string, content: Blob | null): Promise<void> {
    const { engine } = this.#loading
    if (engine) {
      await engine.uploads.add(draftId, fileId, type, content)
      return
    }
    this.#waiting.set(fileId, { draftId, type, content })
    void this.#loading.loaded()
    if (content) {
      // The upload keeps it once more, and tells what goes wrong.
      await this.#drafts.store?.putFile(fileId, content).catch(() => undefined)
    }
  }

  /** null: it is uploaded, or nobody knows of it. */
  stateOf(fileId: string): UploadState | null {
    const { engine } = this.#loading
    return engine ? engine.uploads.stateOf(fileId) : this.#waiting.has(fileId) ? WAITING : null
  }

  again(fileId: string): void {
    this.#loading.engine?.uploads.again(fileId)
  }

  cancel(fileId: string): void {
    this.#waiting.delete(fileId)
    this.#loading.engine?.uploads.cancel(fileId)
  }

  /** null if this device has it no more */
  async contentOf(fileId: string): Promise<Blob | null> {
    const waiting = this.#waiting.get(fileId)?.content
    return waiting ?? (await this.#loading.loaded()).uploads.contentOf(fileId)
  }

  begin({ uploads }: Engine): void {
    for (const [fileId, { draftId, type, content }] of this.#waiting) {
      void uploads.add(draftId, fileId, type, content)
    }
    this.#waiting.clear()
  }
}
