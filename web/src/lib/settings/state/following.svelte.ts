/**
 * The person's choices on this device and the others: told, and learnt of, once it is known who the person is. The page of
 * settings may be drawn before that.
 */
import type { Trouble } from '#lib/mail/trouble.ts'
import { PreferenceSync } from '#lib/settings/sync/preferences.ts'
import type { Decisions } from '#lib/sync/sender-decisions.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import { KEPT, type Preferences } from './preferences.svelte.ts'
import { choicesOf } from '#lib/settings/domain/preferences.ts'
import { merged } from '#lib/settings/domain/preference-merge.ts'
import { troubled } from '#lib/state/trouble-of.ts'
import { Signal } from '#lib/state/signal.svelte.ts'

/** Whose choices this device keeps. */
const OWNER = 'preferences-of'

/** Entries about senders, to look through. */
export interface SenderList {
  readonly entries: readonly string[]
  /** Rejects with a `Trouble`. */
  drop(entry: string): Promise<void>
}

export class Following {
  readonly #context: PartContext
  readonly #sync: PreferenceSync
  readonly #signal = new Signal()

  constructor(context: PartContext) {
    this.#context = context
    const { session, document, preferences } = context
    this.#sync = new PreferenceSync(session.ports, document, preferences, () => this.#signal.notify())
    session.on('account', () => this.#signal.notify())
    session.ports.onReturn(() => void context.reread())
    session.on('settings', (tag) => void (session.ports.isVisible() && !document.isAt(tag) && context.reread()))
    onStored(() => preferences.keep(merged(preferences.choices, choicesOf(preferences.device.read(KEPT)))))
    if (session.isKnown) this.#begin()
    else session.on('known', () => this.#begin())
  }

  #begin(): void {
    const { session, document, preferences } = this.#context
    // Without an address, all choices would seem to be those of somebody else.
    claim(preferences, session.address)
    preferences.onchosen = () => {
      this.#sync.tell()
      this.#signal.notify()
    }
    document.onread = (settings) => {
      this.#sync.take(settings)
      this.#signal.notify()
    }
    if (document.last) document.onread(document.last)
  }

  /** The other devices do not know all of them yet. */
  get waits(): boolean {
    this.#signal.track()
    return this.#sync.waits
  }

  get trouble(): Trouble | null {
    this.#signal.track()
    return this.#sync.trouble
  }

  get pictures(): SenderList {
    return this.#listOf(this.#context.senders.pictures)
  }

  get warnings(): SenderList {
    return this.#listOf(this.#context.senders.warnings)
  }

  get reported(): SenderList {
    return this.#listOf(this.#context.senders.reported)
  }

  /** What other devices changed meanwhile. */
  reread(): Promise<void> {
    return this.#context.reread()
  }

  #listOf(decisions: Decisions): SenderList {
    this.#signal.track()
    return {
      entries: decisions.entries,
      // What stands there now makes room for what did not fit.
      drop: (entry) => troubled(decisions.drop(entry)).then(() => this.#sync.tell())
    }
  }
}

/** Another person at this browser must neither get the choices of the one before, nor tell them as their own. */
function claim(preferences: Preferences, address: string): void {
  const { device } = preferences
  const owner = device.read(OWNER)
  if (owner !== null && owner !== address) preferences.keep({})
  if (owner !== address) device.write(OWNER, address)
}

/** Another tab of this browser chose something. */
function onStored(work: () => void): void {
  if (!('window' in globalThis)) return
  addEventListener('storage', ({ key }) => key === `postroom-${KEPT}` && work())
}

export function create(context: PartContext): Following {
  return new Following(context)
}
