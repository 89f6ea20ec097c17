/** Which sentence a person reads for the code of a problem (docs/reference/problems.md). */

const WORDS = {
  no_session: 'no_session',
  mail_server_away: 'mail_server_away',
  mail_server_busy: 'mail_server_away',
  mail_server_silent: 'mail_server_away',
  mail_server_broke_off: 'mail_server_away',
  kratos_away: 'kratos_away',
  database_away: 'postroom_away',
  unavailable: 'postroom_away',
  announcer_away: 'postroom_away',
  mail_server_misconfigured: 'misconfigured',
  mail_server_refuses: 'misconfigured',
  mail_server_unusable: 'misconfigured',
  mail_server_refused: 'refused',
  too_many_requests: 'limit',
  limit: 'limit',
  overQuota: 'over_quota',
  offline: 'offline'
} as const

export type TroubleWord = (typeof WORDS)[keyof typeof WORDS] | 'unknown'

export function troubleWord(code: string): TroubleWord {
  return Object.hasOwn(WORDS, code) ? WORDS[code as keyof typeof WORDS] : 'unknown'
}
