/** Writing and sending, for the views. */
import type { Held } from '#lib/writing/domain/sending.ts'
import {
  FILES_GONE,
  isOutdated,
  isUnsent,
  NEW,
  type Draft,
  type KeptDraft,
  type Recipient,
  type StoredVersion
} from '#lib/writing/domain/draft.ts'
import { everybody } from '#lib/writing/domain/addressees.ts'
import { maxDelayedSend } from '#lib/jmap/delayed-send.ts'
import { maxSizeAttachments, maxSizeUpload } from '#lib/jmap/upload.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import { DraftDevice, openDraftsAgain } from '#lib/writing/sync/draft-device.ts'
import { Drafts } from '#lib/writing/sync/drafts.ts'
import type { Outbox } from '#lib/actions/sync/outbox.ts'
import type {
  Compose,
  Composition,
  OutgoingMessage,
  Identity,
  Outcome,
  Start,
  Suggestion,
  UnsentDraft
} from './compose.ts'
import { begin, type Begun } from './compose-start.ts'
import { People } from './compose-people.ts'
import { Engine, type EngineListener } from './engine.ts'
import type { IdentitiesState } from './identities.svelte.ts'
import type { Mail } from '#lib/state/mail.ts'
import { WritingIdentities } from './writing-identities.svelte.ts'
import { unsentDraftsOf } from './unsent-drafts.ts'
import { troubled } from '#lib/state/trouble-of.ts'
import { Signal } from '#lib/state/signal.svelte.ts'
import { Compositions } from './compositions.svelte.ts'

export class ComposeState implements Compose {
  readonly #session: Session
  readonly #identities: WritingIdentities
  readonly #compositions: Compositions
  readonly #engine: Engine
  readonly #people: People
  readonly #signal = new Signal()
  readonly #ends: readonly (() => void)[]
  #outcome = $state.raw<Outcome | null>(null)
  #isResumed = $state(false)

  /** Once it is certain whose drafts they are. Raises JmapFailure. */
  static async create(
    session: Session,
    outbox: Outbox,
    part: Mail['part'],
    made: (compose: ComposeState) => void
  ): Promise<ComposeState> {
    await session.restored
    if (!session.isShown) {
      await session.connected()
    }
    const { ports, kept } = session
    const device = new DraftDevice(ports, await kept.drafts(), () => openDraftsAgain(session))
    const drafts = new Drafts(ports, device, kept.name)
    await drafts.read().catch((failure: unknown) => (kept.isStopped ? undefined : ports.report(failure)))
    const compose = new ComposeState(session, drafts, outbox, part)
    made(compose)
    // The page was left while this was loaded: drafts that nobody sees must not be taken from who goes on with them.
    if (kept.isStopped) compose.stop()
    // Without locks the tabs ask each other, which takes a moment.
    else {
      void compose.#compositions.resume().finally(() => (compose.#isResumed = true))
      compose.#engine.resume()
    }
    return compose
  }

  private constructor(session: Session, drafts: Drafts, outbox: Outbox, part: Mail['part']) {
    this.#session = session
    this.#identities = new WritingIdentities(session)
    this.#people = new People(session, part)
    this.#engine = new Engine(session, drafts, () => this, this.#listener(outbox))
    this.#compositions = new Compositions(this.#engine)
    drafts.onrescued = (id) => void this.#compositions.store(id)
    this.#ends = [
      drafts.listen((id, kept, byAnotherTab) => this.#heard(id, kept, byAnotherTab)),
      session.ports.onHide(() => void drafts.writeAll()),
      session.ports.onLeave(() => drafts.leave()),
      session.on('account', () => this.#signal.notify()),
      () => this.#identities.stop()
    ]
  }

  get open(): readonly Composition[] {
    return this.#compositions.open
  }

  get isResumed(): boolean {
    return this.#isResumed
  }

  get outcome(): Outcome | null {
    return this.#outcome
  }

  get outgoing(): readonly OutgoingMessage[] {
    this.#signal.track()
    return this.#engine.sendings.outgoing.map((facts) => ({ ...facts, undo: () => this.#undo(facts.id) }))
  }

  async undoHeld(held: Held): Promise<Composition | null> {
    await this.#identities.read()
    const { emailId } = held
    const begun = await troubled(this.#begin({ kind: 'edit', emailId }))
    return this.#undo(await this.#engine.sendings.adopt(begun, held))
  }

  get identities(): readonly Identity[] {
    return this.#identities.all
  }

  ownIdentities(): IdentitiesState {
    return this.#identities.edited()
  }

  get maxDelay(): number {
    const client = this.#known()
    return client ? maxDelayedSend(client) : 0
  }

  get maxFile(): number {
    const client = this.#known()
    return client ? maxSizeUpload(client) : Infinity
  }

  get maxFiles(): number {
    const client = this.#known()
    return client ? maxSizeAttachments(client) : Infinity
  }

  get unsent(): number {
    this.#signal.track()
    return this.#engine.drafts.all().filter(isUnsent).length
  }

  get unsentDrafts(): readonly UnsentDraft[] {
    this.#signal.track()
    return unsentDraftsOf(this.#engine, this.open)
  }

  suggest(text: string, except: readonly Recipient[]): Promise<readonly Suggestion[]> {
    return this.#people.suggest(text, except)
  }

  async start(start: Start): Promise<Composition> {
    if (start.kind === 'kept') {
      return this.#compositions.show(start.id)
    }
    const known = start.kind === 'edit' ? this.#keptOf(start.emailId) : undefined
    if (known) {
      return this.#compositions.show(known.id)
    }
    const { draft, stored } = await this.#begin(start)
    // A version whose response did not come has an id that this device does not know.
    const same = stored && this.#engine.drafts.all().find((kept) => isVersionOf(kept, stored))
    return same ? this.#compositions.show(same.id) : this.#compositions.begin(draft, stored)
  }

  stop(): void {
    this.#ends.forEach((end) => end())
    this.#engine.stop()
  }

  #keptOf(emailId: string): KeptDraft | undefined {
    return this.#engine.drafts.all().find(({ stored }) => stored?.emailId === emailId)
  }

  #known(): Session['client'] | null {
    this.#signal.track()
    return this.#session.isKnown ? this.#session.client : null
  }

  async #begin(start: Exclude<Start, { kind: 'kept' }>): Promise<Begun> {
    await this.#identities.inTime()
    const { all, preferred } = this.#identities
    if (start.kind === 'new' && !hasSignature(preferred ?? all[0])) {
      return { draft: { ...NEW, to: start.to ?? [], identityId: preferred?.id ?? null }, stored: null }
    }
    return begin(this.#session, all, start, preferred?.id)
  }

  #uploaded(id: string, fileId: string, blobId: string): void {
    const bind = (draft: Draft): Draft => ({
      ...draft,
      files: draft.files.map((file) => (file.id === fileId ? { ...file, blobId } : file))
    })
    const kept = this.#engine.drafts.get(id)
    if (kept && this.#engine.drafts.isMine(id)) {
      // Another version: the one before may be stored without it.
      this.#engine.drafts.type(id, bind(kept.draft))
      this.#engine.storing.storeSoon(id)
    }
  }

  #listener(outbox: Outbox): EngineListener {
    return {
      changed: (id) => this.#changed(id),
      done: (id) => this.#compositions.done(id),
      filesGone: (id, said) => this.#compositions.filesOf(id).again(said),
      uploaded: (id, fileId, blobId) => this.#uploaded(id, fileId, blobId),
      sent: (draft) => (this.#outcome = { kind: 'sent', to: everybody(draft) }),
      failed: (id, trouble) => void this.#failed(id, trouble),
      returned: (id) => void this.#return(id, false),
      answered: ({ kind, emailId }) => {
        const keyword = kind === 'forward' ? '$forwarded' : '$answered'
        return outbox.add([{ emailIds: [emailId], keywords: { [keyword]: true } }]).kept
      }
    }
  }

  /** Null: it is too late. */
  async #undo(id: string): Promise<Composition | null> {
    return (await this.#engine.sendings.undo(id)) ? this.#compositions.show(id) : null
  }

  async #failed(id: string, { code, detail }: Trouble): Promise<void> {
    if (code === FILES_GONE) {
      await this.#compositions.filesOf(id).again(detail ?? '')
    }
    await this.#return(id, true)
  }

  /** Its window is open again. */
  async #return(id: string, isToBeTold: boolean): Promise<void> {
    const composition = await this.#compositions.show(id).catch(() => null)
    if (composition && isToBeTold) {
      this.#outcome = { kind: 'not_sent', composition }
    }
  }

  #heard(id: string, kept: KeptDraft | null, byAnotherTab: boolean): void {
    this.#compositions.heard(id, kept, byAnotherTab)
    if (kept && isOutdated(kept) && !kept.sending && kept.discardedAt === null && this.#engine.drafts.isMine(id)) {
      // The version that the sending left is replaced, so that a late request of it finds nothing to send.
      this.#engine.storing.storeNow(id)
    }
    this.#changed(id)
  }

  /** null: all */
  #changed(id: string | null): void {
    const changed = id === null ? this.#compositions.open : [this.#compositions.of(id)]
    changed.forEach((composition) => composition?.changed())
    this.#signal.notify()
  }
}

function isVersionOf({ stored, storing }: KeptDraft, { emailId, messageId }: StoredVersion): boolean {
  return stored?.emailId === emailId || (messageId !== '' && storing?.messageId === messageId)
}

function hasSignature(identity: Identity | undefined): boolean {
  return identity !== undefined && (identity.textSignature + identity.htmlSignature).trim() !== ''
}
