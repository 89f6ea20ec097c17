/** Which sentence a person reads for the code of a problem (docs/reference/problems.md). */

const WORDS = {
  no_session: 'no_session',
  session_aal2_required: 'second_factor',
  fresh_login_required: 'fresh_login',
  mail_server_away: 'mail_server_away',
  mail_server_busy: 'mail_server_away',
  mail_server_silent: 'mail_server_away',
  mail_server_broke_off: 'mail_server_away',
  serverUnavailable: 'mail_server_failed',
  serverFail: 'mail_server_failed',
  serverPartialFail: 'mail_server_failed',
  kratos_away: 'kratos_away',
  database_away: 'postroom_away',
  unavailable: 'postroom_away',
  publisher_away: 'postroom_away',
  mail_server_misconfigured: 'misconfigured',
  mail_server_unusable: 'misconfigured',
  accountReadOnly: 'misconfigured',
  mail_server_refused: 'refused',
  too_many_requests: 'limit',
  limit: 'limit',
  slow: 'slow',
  too_many_unsubscribes: 'too_many',
  too_many_streams: 'too_many_streams',
  overQuota: 'over_quota',
  gone: 'gone',
  forbiddenFrom: 'may_not_send',
  notPermittedFrom: 'may_not_send',
  forbiddenMailFrom: 'may_not_send'
} as const

export type TroubleWord = (typeof WORDS)[keyof typeof WORDS] | 'offline' | 'unknown'

const SIGN_IN = { no_session: '', second_factor: 'aal=aal2&', fresh_login: 'refresh=true&' } as const

/** How a trouble ends that only the person can end: by signing in, and coming back to `page`. */
export function signInFor(code: string, page: string): { word: keyof typeof SIGN_IN; href: string } | null {
  const word = troubleWord(code)
  if (word !== 'no_session' && word !== 'second_factor' && word !== 'fresh_login') return null
  return { word, href: `/sign-in?${SIGN_IN[word]}return_to=${encodeURIComponent(page)}` }
}

/** `online`: what the browser says. No response at all is not the fault of Postroom if the device is offline. */
export function troubleWord(code: string, online = true): TroubleWord {
  if (code === 'unavailable' && !online) return 'offline'
  return Object.hasOwn(WORDS, code) ? WORDS[code as keyof typeof WORDS] : 'unknown'
}
