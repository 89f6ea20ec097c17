/** What the views of writing read, in the hands of a test: nothing is kept, stored or sent. */
import { EMPTY, type Draft, type DraftFile } from '#lib/writing/domain/draft.ts'
import type {
  Compose,
  Composition,
  OutgoingMessage,
  FileState,
  Identity,
  Objection,
  Outcome,
  SaveState,
  SendOptions,
  Start,
  Suggestion,
  UnsentDraft
} from '#lib/writing/state/compose.ts'
import type { Trouble } from '#lib/mail/trouble.ts'

export class FakeComposition implements Composition {
  readonly id: string
  readonly #compose: FakeCompositions
  draft: Draft = $state.raw(EMPTY)
  save = $state.raw<SaveState>({ kind: 'empty' })
  elsewhere = $state(false)
  conflict = $state<'changed' | 'sent' | null>(null)
  trouble = $state.raw<Trouble | null>(null)
  status = $state<Composition['status']>('writing')
  refusals = $state.raw<Composition['refusals']>([])
  /** of the files that are not ready */
  states = $state.raw<ReadonlyMap<string, FileState>>(new Map())
  /** what is said when it is sent; then it is sent */
  objections: (Objection | null)[] = []
  /** what was asked of it */
  readonly did: unknown[] = []

  constructor(id: string, draft: Draft, compose: FakeCompositions) {
    this.id = id
    this.draft = draft
    this.#compose = compose
  }

  change(changes: Partial<Draft>): void {
    this.draft = { ...this.draft, ...changes }
  }

  attach(files: readonly File[], within?: 'text'): readonly DraftFile[] {
    const made = files.map(({ name, type, size }, at) => {
      const id = `f${this.draft.files.length + at}`
      return { id, name, type, size, blobId: null, cid: within ? `${id}@test` : null }
    })
    this.change({ files: [...this.draft.files, ...made] })
    return made
  }

  fileState(fileId: string): FileState {
    return this.states.get(fileId) ?? { kind: 'ready' }
  }

  urlOf(): string | null {
    return null
  }

  uploadAgain(fileId: string): void {
    this.did.push(['again', fileId])
  }

  detach(fileId: string): void {
    this.change({ files: this.draft.files.filter(({ id }) => id !== fileId) })
  }

  send(options: SendOptions = {}): Promise<Objection | null> {
    this.did.push(['send', options])
    const objection = this.objections.shift() ?? null
    if (!objection) this.#compose.end(this)
    return Promise.resolve(objection)
  }

  sendAgain(): void {
    this.did.push('send again')
  }

  keepDraft(): void {
    this.did.push('keep')
  }

  keep(): void {
    this.did.push('on this device')
  }

  dismiss(): void {
    this.trouble = null
  }

  takeOver(): void {
    this.elsewhere = false
  }

  close(): void {
    this.did.push('close')
    this.#compose.end(this)
  }

  discard(): () => void {
    this.#compose.end(this)
    return () => this.#compose.reopen(this)
  }
}

export class FakeCompositions implements Compose {
  open = $state.raw<readonly FakeComposition[]>([])
  identities = $state.raw<readonly Identity[]>([])
  ownIdentities = (): never => {
    throw new Error('not of this test')
  }
  maxDelay = 7 * 86_400
  maxFile = 50_000_000
  maxFiles = 50_000_000
  outgoing = $state.raw<readonly OutgoingMessage[]>([])
  isResumed = true
  outcome = $state.raw<Outcome | null>(null)
  unsent = 0
  unsentDrafts: readonly UnsentDraft[] = []
  known: readonly Suggestion[] = []
  #count = 0

  begin(changes: Partial<Draft> = {}): FakeComposition {
    this.#count += 1
    const made = new FakeComposition(`d${this.#count}`, { ...EMPTY, ...changes }, this)
    this.reopen(made)
    return made
  }

  start(start: Start): Promise<Composition> {
    return Promise.resolve(this.begin(start.kind === 'new' ? { to: start.to ?? [] } : {}))
  }

  undoHeld(): Promise<Composition | null> {
    return Promise.resolve(null)
  }

  suggest(text: string): Promise<readonly Suggestion[]> {
    return Promise.resolve(this.known.filter(({ name }) => name.toLowerCase().startsWith(text.toLowerCase())))
  }

  end(composition: FakeComposition): void {
    this.open = this.open.filter((one) => one !== composition)
  }

  reopen(composition: FakeComposition): void {
    this.open = [...this.open, composition]
  }
}
