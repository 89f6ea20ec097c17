import type { Widen } from '#lib/words/en.ts'
import type { quota as english } from '#lib/words/en/quota.ts'

export const quota: Widen<typeof english> = {
  used: (used, limit) => `${used} von ${limit}`,
  almostFull: 'Fast voll',
  full: 'Ihr Postfach ist voll. Neue Post kommt vielleicht nicht an, bis Sie etwas löschen.',
  find: 'Große Nachrichten suchen'
}
