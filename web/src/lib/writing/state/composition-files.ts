/** The files of a draft that is open: which are taken, how far they are, and where they can be shown from. */
import { cidsIn } from '#lib/writing/domain/pictures.ts'
import type { Draft, DraftFile } from '#lib/writing/domain/draft.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import type { Drafts } from '#lib/writing/sync/drafts.ts'
import type { FileState } from './compose.ts'
import type { Uploads } from '#lib/writing/sync/uploads.ts'

export interface FileLimits {
  readonly maxFile: number
  readonly maxFiles: number
}

interface Refusal {
  readonly name: string
  readonly trouble: Trouble
}

const READY: FileState = { kind: 'ready' }
const GONE: FileState = { kind: 'failed', trouble: trouble('gone') }

export class CompositionFiles {
  refusals: readonly Refusal[] = []
  readonly #id: string
  readonly #session: Session
  readonly #drafts: Drafts
  readonly #uploads: Uploads
  readonly #limits: () => FileLimits
  readonly #changed: () => void
  /** null while it is loaded */
  readonly #urls = new Map<string, string | null>()

  constructor(
    id: string,
    parts: { session: Session; drafts: Drafts; uploads: Uploads; limits: () => FileLimits },
    changed: () => void
  ) {
    this.#id = id
    this.#session = parts.session
    this.#drafts = parts.drafts
    this.#uploads = parts.uploads
    this.#limits = parts.limits
    this.#changed = changed
  }

  /** This device kept the draft: what the mail server lacks is uploaded again, from the start. */
  resume(): void {
    for (const { id, type, blobId } of this.#draft?.files ?? []) {
      if (blobId === null && this.#uploads.stateOf(id) === null) {
        void this.#uploads.add(this.#id, id, type, null)
      }
    }
  }

  /** Those that are taken. */
  take(files: readonly File[], within: 'text' | undefined): DraftFile[] {
    const { maxFile, maxFiles } = this.#limits()
    let total = (this.#draft?.files ?? []).reduce((sum, { size }) => sum + size, 0)
    const taken: DraftFile[] = []
    const refusals: Refusal[] = []
    for (const file of files) {
      const code = codeOf(file, within, { maxFile, maxFiles: maxFiles - total })
      if (code !== null) {
        refusals.push({ name: file.name, trouble: trouble(code) })
        continue
      }
      total += file.size
      const id = this.#session.ports.unique()
      const cid = within === 'text' ? `${id}@postroom` : null
      taken.push({ id, name: file.name, type: file.type, size: file.size, blobId: null, cid })
      void this.#uploads.add(this.#id, id, file.type, file)
    }
    this.refusals = refusals
    return taken
  }

  stateOf(fileId: string): FileState {
    const state = this.#uploads.stateOf(fileId)
    if (state) {
      return state.kind === 'waiting' ? { kind: 'uploading', done: 0 } : state
    }
    const file = this.#draft?.files.find(({ id }) => id === fileId)
    return file?.blobId == null ? GONE : READY
  }

  urlOf(fileId: string): string | null {
    const url = this.#urls.get(fileId)
    if (url === undefined) {
      this.#urls.set(fileId, null)
      void this.#load(fileId)
    }
    return url ?? null
  }

  /** Files that belong to the message: a picture that was taken out of the text does not. */
  of(kind: FileState['kind']): DraftFile[] {
    const draft = this.#draft
    const shown = new Set(draft?.format === 'rich' ? cidsIn(draft.html) : [])
    const files = draft?.files.filter(({ cid }) => cid === null || shown.has(cid)) ?? []
    return files.filter(({ id }) => this.stateOf(id).kind === kind)
  }

  /** The mail server has some of them no more, perhaps those that it names: what this device has of them is uploaded anew. */
  async again(said: string): Promise<void> {
    const stored = (this.#draft?.files ?? []).filter(({ blobId }) => blobId !== null)
    const named = stored.filter(({ blobId }) => said.split(/[\s,"“”']+/u).includes(blobId ?? ''))
    for (const { id, type, blobId } of named.length > 0 ? named : stored) {
      if (blobId !== null) {
        const content = await this.#uploads.contentOf(id)
        const lost = (draft: Draft): Draft => ({
          ...draft,
          files: draft.files.map((file) => (file.id === id ? { ...file, blobId: null } : file))
        })
        await this.#drafts.amend(this.#id, lost)
        if (content) {
          await this.#uploads.add(this.#id, id, type, null)
        }
      }
    }
    this.#changed()
  }

  end(): void {
    for (const url of this.#urls.values()) {
      if (url !== null) URL.revokeObjectURL(url)
    }
    this.#urls.clear()
  }

  get #draft(): Draft | undefined {
    return this.#drafts.get(this.#id)?.draft
  }

  async #load(fileId: string): Promise<void> {
    const content = (await this.#uploads.contentOf(fileId)) ?? (await this.#download(fileId))
    if (content && this.#urls.has(fileId)) {
      this.#urls.set(fileId, URL.createObjectURL(content))
      this.#changed()
    }
  }

  async #download(fileId: string): Promise<Blob | null> {
    const file = this.#draft?.files.find(({ id }) => id === fileId)
    const { client, isKnown } = this.#session
    if (file?.blobId == null || !isKnown) {
      return null
    }
    const { blobId, name, type } = file
    return client.blob(client.downloadUrl({ blobId, name, type })).catch(() => null)
  }
}

function codeOf(file: File, within: 'text' | undefined, { maxFile, maxFiles }: FileLimits): string | null {
  if (within === 'text' && !file.type.startsWith('image/')) {
    return 'not_a_picture'
  }
  return file.size > maxFile ? 'file_too_large' : file.size > maxFiles ? 'files_too_large' : null
}

function trouble(code: string): Trouble {
  return { code, retryAt: null, reference: null, detail: null }
}
