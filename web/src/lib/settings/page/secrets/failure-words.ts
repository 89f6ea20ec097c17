/** Why something was not done, in words. */
import type { Failure } from '#lib/accounts/service.ts'
import type { SecurityWords } from '#lib/words/parts.ts'

type Known = keyof SecurityWords['trouble']

/** Problems of the service (docs/reference/problems.md) that need other words than their own. */
const WORDS: Readonly<Record<string, Known>> = {
  mail_server_away: 'mail_server',
  mail_server_busy: 'mail_server',
  mail_server_broke_off: 'mail_server',
  mail_server_silent: 'mail_server',
  mail_server_misconfigured: 'misconfigured',
  mail_server_refused: 'misconfigured',
  mail_server_unusable: 'misconfigured',
  mailbox_not_ready: 'mailbox',
  mailbox_missing: 'mailbox',
  kratos_away: 'away',
  login_server_unusable: 'away',
  database_away: 'away',
  unavailable: 'away',
  too_busy: 'away'
}

export function failureWords(words: SecurityWords['trouble'], { code }: Failure): string {
  const known = WORDS[code] ?? (code in words ? (code as Known) : 'unknown')
  return words[known]
}

/** Whether it may have been done all the same: the response is what was lost. */
export function mayBeDone({ code }: Failure): boolean {
  return ['no_response', 'mail_server_broke_off', 'mail_server_silent', 'unknown'].includes(code)
}
