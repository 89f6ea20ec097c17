/**
 * The engine of writing, loaded once a window is there, and at once when something is to be stored, uploaded or sent. What
 * is asked for before is done then; until then this device keeps it.
 */
import type { Draft } from '#lib/compose/draft.ts'
import { noResponse } from '#lib/jmap/errors.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Account } from '#lib/sync/account.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import { Task } from '#lib/sync/task.ts'
import type { Engine, Loading, Told } from './engine.ts'
import { LateSendings } from './late-sendings.ts'
import { LateStoring } from './late-storing.ts'
import { LateUploads } from './late-uploads.ts'

/** Milliseconds after which it is loaded though nothing asks for it: by then the window is there. */
const IDLE = 1_000
/** Milliseconds for which a person who sends waits for the engine. */
const PATIENCE = 1_000

export class LateEngine implements Loading {
  readonly storing: LateStoring
  readonly uploads: LateUploads
  readonly sendings: LateSendings
  /** null until it is loaded */
  engine: Engine | null = null
  readonly #account: Account
  readonly #drafts: Drafts
  readonly #told: Told
  readonly #task: Task
  readonly #loaded = Promise.withResolvers<Engine>()
  readonly #ends: readonly (() => void)[]
  #isStopped = false

  constructor(account: Account, drafts: Drafts, told: Told) {
    this.#account = account
    this.#drafts = drafts
    this.#told = told
    this.storing = new LateStoring(this)
    this.uploads = new LateUploads(this, drafts)
    this.sendings = new LateSendings(this, account, drafts)
    this.#task = new Task(
      account.ports,
      () => this.#load(),
      () => told.changed(null)
    )
    this.#ends = [
      account.ports.after(IDLE, () => void this.loaded()),
      account.ports.onReturn(() => this.trouble && void this.#task.tryNow())
    ]
    if (drafts.all().some(({ sending }) => sending)) {
      void this.loaded()
    }
  }

  /** Why it cannot be loaded. */
  get trouble(): Trouble | null {
    return this.#task.trouble
  }

  /** Resolves once it is there. */
  loaded(): Promise<Engine> {
    if (!this.engine && !this.#task.running) {
      void this.#task.run()
    }
    return this.#loaded.promise
  }

  /** Nobody waits long for it: a message can be sent without that question. */
  async attachmentMentioned(draft: Draft): Promise<string | null> {
    const late = new Promise<null>((resolve) => this.#account.ports.after(PATIENCE, () => resolve(null)))
    const engine = this.engine ?? (await Promise.race([this.loaded(), late]))
    return engine?.attachmentMentioned(draft) ?? null
  }

  stop(): void {
    this.#isStopped = true
    this.#ends.forEach((end) => end())
    this.#task.stop()
    this.engine?.stop()
  }

  async #load(): Promise<void> {
    const Engine = await import('./engine.ts')
      .then((module) => module.Engine)
      .catch(() => {
        throw noResponse()
      })
    if (this.engine || this.#isStopped) {
      return
    }
    const engine = new Engine(this.#account, this.#drafts, this.#told)
    this.engine = engine
    engine.sendings.resume()
    this.uploads.begin(engine)
    this.storing.begin(engine)
    void engine.uploads.sweep()
    this.#loaded.resolve(engine)
  }
}
