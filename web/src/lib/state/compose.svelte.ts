/** Writing and sending, for the views. Loaded on use. */
import { isUnsent, type Draft, type KeptDraft, type Recipient } from '#lib/compose/draft.ts'
import { SUBMISSION } from '#lib/jmap/client.ts'
import { maxSizeAttachments, maxSizeUpload } from '#lib/jmap/upload.ts'
import type { Account } from '#lib/sync/account.ts'
import { DraftLocks } from '#lib/sync/draft-locks.ts'
import { rebind } from '#lib/sync/draft-files.ts'
import { DraftStoring } from '#lib/sync/draft-storing.ts'
import { Drafts } from '#lib/sync/drafts.ts'
import { addressOf, identitiesOf } from '#lib/sync/identities.ts'
import { Uploads } from '#lib/sync/uploads.ts'
import type { Compose, Composition, Departure, Identity, Outcome, Start, UnsentDraft } from './compose.ts'
import type { ComposeParts, Sender } from './compose-parts.ts'
import { begin } from './compose-start.ts'
import { People } from './compose-people.ts'
import { unsentDraftsOf } from './unsent-drafts.ts'
import { Version } from './version.svelte.ts'
import { Windows } from './windows.svelte.ts'

export class ComposeState implements Compose {
  readonly outcome: Outcome | null = null
  readonly departures: readonly Departure[] = []
  readonly #account: Account
  readonly #parts: ComposeParts
  readonly #windows: Windows
  readonly #people: People
  readonly #version = new Version()
  readonly #ends: readonly (() => void)[]
  #identities = $state.raw<readonly Identity[]>([])

  /** Once it is certain whose drafts they are. Raises JmapFailure. */
  static async create(account: Account, made: (compose: ComposeState) => void): Promise<ComposeState> {
    await account.restored
    if (!account.isShown) {
      await account.connected()
    }
    const drafts = new Drafts(account.ports, await account.kept.drafts(), account.kept.name)
    await drafts.read().catch((failure: unknown) => account.ports.report(failure))
    const compose = new ComposeState(account, drafts)
    made(compose)
    // Without locks the tabs ask each other, which takes a moment.
    void compose.#windows.resume()
    return compose
  }

  private constructor(account: Account, drafts: Drafts) {
    this.#account = account
    const storing = new DraftStoring(account, drafts)
    const uploads = new Uploads(account, drafts)
    const sender: Sender = NOBODY
    const locks = new DraftLocks(account.ports, drafts)
    this.#parts = { account, drafts, locks, storing, uploads, sender, limits: () => this }
    this.#windows = new Windows(this.#parts)
    this.#people = new People(account)
    drafts.onrescued = (id) => void this.#windows.store(id)
    storing.onchange = (id) => this.#changed(id)
    storing.onsettled = (id) => this.#windows.settled(id)
    storing.onfilesgone = async (id) => this.#windows.of(id)?.files.again()
    storing.onstored = (kept) => rebind(account, drafts, kept).catch(() => undefined)
    uploads.onchange = (id) => this.#changed(id)
    uploads.onuploaded = (id, fileId, blobId) => this.#uploaded(id, fileId, blobId)
    this.#ends = [
      drafts.listen((id, kept, elsewhere) => this.#heard(id, kept, elsewhere)),
      account.ports.onHide(() => void drafts.writeAll()),
      account.ports.onLeave(() => void drafts.writeAll()),
      account.listen((topic) => topic === 'account' && this.#version.next())
    ]
    void this.#readIdentities()
  }

  get open(): readonly Composition[] {
    return this.#windows.open
  }

  get identities(): readonly Identity[] {
    return this.#identities
  }

  get maxDelay(): number {
    const { session, accountId } = this.#known() ?? {}
    const of = session?.accounts[accountId ?? '']?.accountCapabilities[SUBMISSION] as
      { maxDelayedSend?: number } | undefined
    return of?.maxDelayedSend ?? 0
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
    this.#version.seen()
    return this.#parts.drafts.all().filter(isUnsent).length
  }

  get unsentDrafts(): readonly UnsentDraft[] {
    this.#version.seen()
    return unsentDraftsOf(this.#parts, this.open)
  }

  suggest(text: string, except: readonly Recipient[]): Promise<readonly Recipient[]> {
    return this.#people.suggest(text, except)
  }

  async start(start: Start): Promise<Composition> {
    if (start.kind === 'kept') {
      return this.#windows.show(start.id)
    }
    const known = start.kind === 'edit' ? this.#keptOf(start.emailId) : undefined
    if (known) {
      return this.#windows.show(known.id)
    }
    await this.#readIdentities()
    const { draft, stored } = await begin(this.#account, this.#identities, start)
    return this.#windows.begin(draft, stored)
  }

  stop(): void {
    this.#ends.forEach((end) => end())
    this.#parts.storing.stop()
    this.#parts.uploads.stop()
    this.#parts.drafts.stop()
    this.#parts.locks.stop()
  }

  #keptOf(emailId: string): KeptDraft | undefined {
    return this.#parts.drafts.all().find(({ stored }) => stored?.emailId === emailId)
  }

  #known(): Account['client'] | null {
    this.#version.seen()
    return this.#account.isKnown ? this.#account.client : null
  }

  /** Without them it can be written all the same. */
  async #readIdentities(): Promise<void> {
    if (this.#identities.length > 0 || !this.#account.isKnown) {
      return
    }
    const found = await identitiesOf(this.#account).catch(() => [])
    const own = this.#account.address
    const identities = found.map((identity) => ({
      id: identity.id,
      name: identity.name,
      address: addressOf(identity, own),
      textSignature: identity.textSignature ?? '',
      htmlSignature: identity.htmlSignature ?? ''
    }))
    const isOwn = ({ address }: Identity): boolean => address.toLowerCase() === own.toLowerCase()
    this.#identities = [...identities.filter(isOwn), ...identities.filter((identity) => !isOwn(identity))]
  }

  #uploaded(id: string, fileId: string, blobId: string): void {
    const bind = (draft: Draft): Draft => ({
      ...draft,
      files: draft.files.map((file) => (file.id === fileId ? { ...file, blobId } : file))
    })
    const kept = this.#parts.drafts.get(id)
    if (kept && this.#parts.drafts.isMine(id)) {
      // Another version: the one before may be stored without it.
      this.#parts.drafts.type(id, bind(kept.draft))
      this.#parts.storing.rest(id)
    }
  }

  #heard(id: string, kept: KeptDraft | null, elsewhere: boolean): void {
    this.#windows.heard(id, kept, elsewhere)
    this.#changed(id)
  }

  #changed(id: string): void {
    this.#windows.of(id)?.changed()
    this.#version.next()
  }
}

/** Until the sending is built. */
const NOBODY: Sender = {
  send: () => Promise.reject(new Error('not built yet')),
  sendAgain: () => undefined,
  keepDraft: () => undefined,
  statusOf: () => 'writing',
  troubleOf: () => null
}
