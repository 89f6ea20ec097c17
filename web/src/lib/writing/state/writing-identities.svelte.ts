/** The identities with which the person may write, for the windows of writing. */
import type { Session } from '#lib/sync/session.ts'
import { addressOf, identitiesOf } from '#lib/writing/sync/identities.ts'
import type { Identity } from './compose.ts'
import { IdentitiesState } from './identities.svelte.ts'
import { PreferredIdentity } from './preferred-identity.ts'

/** Milliseconds */
const PATIENCE = 1_000

export class WritingIdentities {
  readonly #session: Session
  readonly #preferred: PreferredIdentity
  #edited: IdentitiesState | null = null
  #all = $state.raw<readonly Identity[]>([])
  readonly stop: () => void

  constructor(session: Session) {
    this.#session = session
    this.#preferred = new PreferredIdentity(session)
    this.stop = session.on('identities', () => void this.read(true))
    void this.read()
  }

  /** the account's own first */
  get all(): readonly Identity[] {
    return this.#all
  }

  /** Undefined: the person prefers none. */
  get preferred(): Identity | undefined {
    return this.#all.find(({ id }) => id === this.#preferred.id)
  }

  /** Resolves once they are known, or soon: nobody waits for them to write. */
  inTime(): Promise<unknown> {
    const late = new Promise<void>((resolve) => this.#session.ports.after(PATIENCE, resolve))
    // The keys work before the session is known.
    const known = this.#session.connected().then(() => this.read())
    return Promise.race([Promise.allSettled([known, this.#preferred.read()]), late])
  }

  /** Without them it can be written all the same. */
  async read(anew = false): Promise<void> {
    if ((this.#all.length > 0 && !anew) || !this.#session.isKnown) {
      return
    }
    const found = await identitiesOf(this.#session).catch(() => [])
    const own = this.#session.address
    const all = found.map((identity) => ({
      id: identity.id,
      name: identity.name,
      address: addressOf(identity, own),
      textSignature: identity.textSignature ?? '',
      htmlSignature: identity.htmlSignature ?? ''
    }))
    const isOwn = ({ address }: Identity): boolean => address.toLowerCase() === own.toLowerCase()
    this.#all = [...all.filter(isOwn), ...all.filter((identity) => !isOwn(identity))]
  }

  /** To be changed in the settings; the same each time. */
  edited(): IdentitiesState {
    return (this.#edited ??= new IdentitiesState(this.#session, this.#preferred))
  }
}
