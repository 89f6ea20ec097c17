/** Where the person is signed in, on screen. */
import type { Sessions, SignIn } from '#lib/accounts/sessions.ts'
import { Revocables } from './credentials.svelte.ts'

export const OTHERS = 'others'

export class SignIns extends Revocables<SignIn> {
  readonly #sessions: Sessions

  constructor(sessions: Sessions) {
    super(sessions)
    this.#sessions = sessions
  }

  get others(): readonly SignIn[] {
    return this.items?.filter(({ isThis }) => !isThis) ?? []
  }

  /** False: some may still be signed in. */
  removeOthers(): Promise<boolean> {
    return this.taken(
      OTHERS,
      () => this.#sessions.removeOthers(),
      ({ isThis }) => !isThis
    )
  }
}
