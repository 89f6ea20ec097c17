/** Why an identity was not saved, in words. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { IdentityWords } from '#lib/words/parts.ts'

export function troubleText({ trouble: words }: IdentityWords, { code }: Trouble, address: string): string {
  if (code === 'forbiddenFrom') return words.forbiddenFrom(address.trim())
  if (code === 'identity_changed' || code === 'identity_gone' || code === 'identity_too_long') return words[code]
  if (code === 'no_session' || code === 'unavailable') return words[code]
  return code.startsWith('mail_server') ? words.unavailable : words.unknown
}
