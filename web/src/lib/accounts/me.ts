/** `GET /api/me`: who is signed in, and how far the mailbox is (docs/reference/mail.md). */

export type WaitKind = 'failed' | 'mail_server_away' | 'throttled' | 'misconfigured' | 'crashed' | 'paused' | 'missing'
export type FailureKind = 'address_taken' | 'address_refused' | 'operator'

export interface EndedAttempt {
  readonly attempt: number
  /** when it ended, ISO 8601 */
  readonly at: string
  readonly outcome: string
}

/** The preparation of a mailbox; `provisioning` and `hello` of /api/live carry the same. All times are by the server's clock. */
export interface Preparation {
  readonly state: 'none' | 'preparing' | 'ready' | 'failed' | 'missing' | 'refused'
  readonly retry: number
  readonly next_attempt_at: string | null
  /** what it waits for */
  readonly cause: { readonly kind: WaitKind; readonly since: string } | null
  readonly failure: { readonly kind: FailureKind; readonly since: string; readonly code: string | null } | null
  /** of a failure with the code `domain_not_served`: the served ones; a process of an older release tells none */
  readonly domains?: readonly string[]
  readonly attempts: number
  readonly max_attempts: number
  readonly history: readonly EndedAttempt[]
  readonly requested_at: string | null
  readonly ready_at: string | null
  readonly sweep_seconds: number | null
  readonly support_number: string
  readonly now: string
}

export interface Me {
  readonly identity_id: string
  readonly email: string | null
  readonly mailbox: Preparation
}

/** `no_session` and `session_aal2_required` are the codes of problems. `unavailable`: nobody answered, or with an error; ask again
 * later. */
export type WhoAmI = { readonly me: Me } | 'no_session' | 'session_aal2_required' | 'unavailable'

/** Milliseconds: a page is white until it is answered. */
const PATIENCE = 20_000

/** Where to sign in, if that is what is missing; `page` is where the person wants to be. */
export function signInPath(found: WhoAmI, page: string): string | null {
  const back = page === '/' ? '' : `return_to=${page}`
  if (found === 'no_session') return back ? `/sign-in?${back}` : '/sign-in'
  if (found === 'session_aal2_required') return back ? `/sign-in?aal=aal2&${back}` : '/sign-in?aal=aal2'
  return null
}

export async function whoAmI(fetcher: typeof fetch): Promise<WhoAmI> {
  try {
    const response = await fetcher('/api/me', {
      headers: { Accept: 'application/json' },
      signal: AbortSignal.timeout(PATIENCE)
    })
    if (response.status === 401) return 'no_session'
    // Signing in from the start would be refused: somebody is signed in already.
    if (response.status === 403) return 'session_aal2_required'
    const me = response.ok ? ((await response.json()) as Partial<Me> | null) : null
    // Without a mailbox somebody else answered in place of the service.
    return me?.mailbox ? { me: me as Me } : 'unavailable'
  } catch {
    return 'unavailable'
  }
}
