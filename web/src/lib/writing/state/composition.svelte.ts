/** A draft that is open: one window. */
import { EMPTY, isStored, isUnsent, type Draft, type DraftFile, type KeptDraft } from '#lib/writing/domain/draft.ts'
import { attachmentMentioned } from '#lib/writing/domain/attachment-mentioned.ts'
import { everybody, notAddresses } from '#lib/writing/domain/addressees.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Composition, FileState, Objection, SaveState, SendOptions } from './compose.ts'
import type { Engine } from './engine.ts'
import { CompositionFiles } from './composition-files.ts'
import { Signal } from '#lib/state/signal.svelte.ts'

/** What an open draft tells: that this tab has its lock, or that its window is closed. */
export interface Ends {
  took(id: string): Promise<void>
  closed(composition: CompositionState): void
  discarded(composition: CompositionState): () => void
  sent(composition: CompositionState): void
}

export class CompositionState implements Composition {
  readonly id: string
  readonly files: CompositionFiles
  readonly #engine: Engine
  readonly #ends: Ends
  readonly #signal = new Signal()
  /** as it began; null: something in it is the person's from the start */
  readonly #initial: Draft | null
  #last: KeptDraft | undefined

  constructor(kept: KeptDraft, engine: Engine, ends: Ends) {
    this.id = kept.id
    this.#last = kept
    this.#initial = kept.revision === 0 ? kept.draft : null
    this.#engine = engine
    this.#ends = ends
    this.files = new CompositionFiles(kept.id, engine, () => this.changed())
  }

  /** Something behind the getters changed. */
  changed(): void {
    this.#last = this.#engine.drafts.get(this.id) ?? this.#last
    this.#signal.notify()
  }

  /** The draft with what is known of it here. */
  get kept(): KeptDraft | undefined {
    this.#signal.track()
    return this.#engine.drafts.get(this.id) ?? this.#last
  }

  get draft(): Draft {
    return this.kept?.draft ?? EMPTY
  }

  get elsewhere(): boolean {
    return this.kept?.writer !== this.#engine.drafts.tab
  }

  /** Whether this tab was its writer when something of it changed last. */
  get wasHere(): boolean {
    return this.#last?.writer === this.#engine.drafts.tab
  }

  get conflict(): 'changed' | 'sent' | null {
    return this.kept?.conflict ?? null
  }

  get trouble(): Trouble | null {
    const refusal = this.kept?.refusal
    const known = this.#engine.sendings.troubleOf(this.id)
    return known ?? (refusal ? { code: refusal.code, detail: refusal.detail, retryAt: null, reference: null } : null)
  }

  get status(): Composition['status'] {
    this.#signal.track()
    return this.#engine.statusOf(this.id)
  }

  get save(): SaveState {
    const { kept } = this
    if (!kept || (kept.revision === 0 && !kept.stored)) {
      return { kind: 'empty' }
    }
    const { trouble: unsent } = this
    // What this device could not keep when it was sent is not on its way to anywhere.
    const trouble = this.#engine.storing.troubleOf(this.id) ?? (unsent?.code === 'not_kept' ? unsent : null)
    const isWritten = this.#engine.drafts.isWritten(this.id)
    if (kept.stored && isStored(kept)) {
      return { kind: 'saved', at: new Date(kept.stored.at) }
    }
    if (!trouble) {
      return { kind: 'saving' }
    }
    return isWritten
      ? { kind: 'device', trouble: trouble.code === 'unavailable' ? null : trouble }
      : { kind: 'failed', trouble }
  }

  get refusals(): CompositionFiles['refusals'] {
    this.#signal.track()
    return this.files.refusals
  }

  change(changes: Partial<Draft>): void {
    const { drafts, storing } = this.#engine
    const kept = drafts.get(this.id)
    if (!kept || kept.writer !== drafts.tab || kept.sending) {
      return
    }
    const draft = { ...kept.draft, ...changes }
    if (Object.keys(changes).every((name) => draft[name as keyof Draft] === kept.draft[name as keyof Draft])) {
      return
    }
    drafts.type(this.id, draft)
    if (kept.refusal && !kept.refusal.corrected) {
      void drafts.update(this.id, (now) => (now.writer === drafts.tab ? corrected(now) : now))
    }
    storing.storeSoon(this.id)
  }

  attach(files: readonly File[], within?: 'text'): readonly DraftFile[] {
    if (this.elsewhere) {
      return []
    }
    const taken = this.files.take(files, within)
    if (taken.length > 0) {
      this.change({ files: [...this.draft.files, ...taken] })
      // If the tab were gone before that, nobody would know whose content it is.
      this.keep()
    }
    this.changed()
    return taken
  }

  fileState(fileId: string): FileState {
    this.#signal.track()
    return this.files.stateOf(fileId)
  }

  urlOf(fileId: string): string | null {
    this.#signal.track()
    return this.files.urlOf(fileId)
  }

  uploadAgain(fileId: string): void {
    this.#engine.uploads.again(fileId)
  }

  detach(fileId: string): void {
    this.#engine.uploads.cancel(fileId)
    this.change({ files: this.draft.files.filter(({ id }) => id !== fileId) })
  }

  async send(options: SendOptions = {}): Promise<Objection | null> {
    const objection = this.#objection(options.anyway ?? false)
    if (objection || this.elsewhere) {
      return objection
    }
    await this.#engine.sendings.send(this.id, options.at ? { at: options.at } : {})
    const kept = this.#engine.drafts.get(this.id)
    if (!kept || kept.sending) {
      this.#ends.sent(this)
    }
    return null
  }

  sendAgain(): void {
    void this.#engine.sendings.sendAgain(this.id)
  }

  keepDraft(): void {
    void this.#engine.sendings.keepDraft(this.id)
  }

  takeOver(): void {
    void this.#takeOver()
  }

  keep(): void {
    void this.#engine.drafts.update(this.id, (kept) => kept)
  }

  dismiss(): void {
    void this.#engine.drafts.update(this.id, (kept) => ({ ...kept, refusal: null }))
  }

  close(): void {
    this.#ends.closed(this)
  }

  discard(): () => void {
    return this.#ends.discarded(this)
  }

  /** This tab is its writer from now on. */
  async write(): Promise<void> {
    const { drafts } = this.#engine
    await drafts.update(this.id, (kept) => ({ ...kept, writer: drafts.tab, closed: false, discardedAt: null }))
    this.resume()
  }

  /** Go on with what was begun in another tab, or before a reload. */
  resume(): void {
    const kept = this.#engine.drafts.get(this.id)
    this.files.resume()
    if (kept && isUnsent(kept) && !kept.sending) {
      this.#engine.storing.storeSoon(this.id)
    }
    this.changed()
  }

  /** Nothing in it is the person's: closing it leaves nothing behind. */
  get isUntouched(): boolean {
    const kept = this.#engine.drafts.get(this.id)
    if (!kept || kept.revision === 0) {
      return kept !== undefined
    }
    const isHereAlone = !kept.stored && !kept.storing && !kept.sending
    return isHereAlone && this.#initial !== null && isSame(kept.draft, this.#initial)
  }

  async #takeOver(): Promise<void> {
    if (await this.#engine.locks.hold(this.id, true)) {
      await this.#ends.took(this.id)
    }
  }

  #objection(anyway: boolean): Objection | null {
    const { draft } = this
    const wrong = notAddresses(draft)
    const uploading = this.files.of('uploading')
    const failed = this.files.of('failed')
    if (everybody(draft).length === 0) return { kind: 'nobody' }
    if (wrong.length > 0) return { kind: 'not_addresses', recipients: wrong }
    if (failed.length > 0) return { kind: 'upload_failed', files: failed }
    if (uploading.length > 0) return { kind: 'uploading', files: uploading }
    if (anyway) return null
    const word = attachmentMentioned(draft)
    if (word) return { kind: 'no_attachment', word }
    return draft.subject.trim() === '' ? { kind: 'no_subject' } : null
  }
}

function corrected({ refusal, ...rest }: KeptDraft): KeptDraft {
  return { ...rest, refusal: refusal && { ...refusal, corrected: true } }
}

/** An editor may write the HTML of the same text in another way. */
function isSame(one: Draft, other: Draft): boolean {
  return JSON.stringify({ ...one, identityId: null }) === JSON.stringify({ ...other, identityId: null })
}
