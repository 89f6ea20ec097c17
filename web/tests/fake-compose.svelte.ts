/** Stands in place of what writes and sends, for views around the windows of writing. */
import type {
  Compose,
  Composition,
  OutgoingMessage,
  Identity,
  Outcome,
  Start,
  UnsentDraft
} from '#lib/writing/state/compose.ts'

export class FakeCompose implements Compose {
  readonly started: Start[] = []
  open: readonly Composition[] = $state.raw([])
  outgoing: readonly OutgoingMessage[] = $state.raw([])
  readonly isResumed = true
  outcome = $state.raw<Outcome | null>(null)
  unsent = $state(0)
  unsentDrafts: readonly UnsentDraft[] = $state.raw([])
  readonly identities: readonly Identity[] = []
  ownIdentities = (): never => {
    throw new Error('not of this test')
  }
  maxDelay = $state(0)
  readonly maxFile = 0
  readonly maxFiles = 0
  /** why no window opens */
  failure: unknown = null

  start(start: Start): Promise<Composition> {
    this.started.push(start)
    // Whoever starts it does not look at it; a Trouble is no Error.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- see above
    return this.failure === null ? Promise.resolve({} as Composition) : Promise.reject(this.failure)
  }

  undoHeld(): Promise<null> {
    return Promise.resolve(null)
  }

  suggest(): Promise<readonly []> {
    return Promise.resolve([])
  }
}
