/**
 * Loads the engine of writing: a moment after a window is there, or at once when something is to be stored, uploaded or sent.
 * What is asked for before is kept on this device, and done once the engine is there.
 */
import type { Draft } from '#lib/compose/draft.ts'
import { noResponse } from '#lib/jmap/errors.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import { Task } from '#lib/sync/task.ts'
import type { Engine, Loading, EngineListener } from './engine.ts'
import { LazySendings } from './lazy-sendings.ts'
import { LazyStoring } from './lazy-storing.ts'
import { LazyUploads } from './lazy-uploads.ts'

/** Milliseconds after which it is loaded in any case: by then the window is there. */
const IDLE = 1_000
/** Milliseconds for which sending waits for the engine's question about a missing attachment. */
const PATIENCE = 1_000

export class LazyEngine implements Loading {
  readonly storing: LazyStoring
  readonly uploads: LazyUploads
  readonly sendings: LazySendings
  /** null until it is loaded */
  engine: Engine | null = null
  readonly #session: Session
  readonly #drafts: Drafts
  readonly #listener: EngineListener
  readonly #task: Task
  readonly #loaded = Promise.withResolvers<Engine>()
  readonly #ends: readonly (() => void)[]
  #isStopped = false

  constructor(session: Session, drafts: Drafts, listener: EngineListener) {
    this.#session = session
    this.#drafts = drafts
    this.#listener = listener
    this.storing = new LazyStoring(this)
    this.uploads = new LazyUploads(this, drafts)
    this.sendings = new LazySendings(this, session, drafts)
    this.#task = new Task(
      session.ports,
      () => this.#load(),
      () => listener.changed(null)
    )
    this.#ends = [
      session.ports.after(IDLE, () => void this.loaded()),
      session.ports.onReturn(() => this.trouble && void this.#task.tryNow())
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

  /** null also if the engine is not there in time: a message can be sent without that question. */
  async attachmentMentioned(draft: Draft): Promise<string | null> {
    const late = new Promise<null>((resolve) => this.#session.ports.after(PATIENCE, () => resolve(null)))
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
    const engine = new Engine(this.#session, this.#drafts, this.#listener)
    this.engine = engine
    engine.sendings.resume()
    this.uploads.begin(engine)
    this.storing.begin(engine)
    void engine.uploads.sweep()
    this.#loaded.resolve(engine)
  }
}
