/**
 * The mail of a page, begun while its script is loaded: what this device keeps is read while the page starts. All pages of
 * mail take it from here, for a window of its own loads the same file of scripts (web/chunks.ts): with a mail that each
 * begins by itself, it would have two, and ask the mail server everything twice.
 */
import { Mail } from '#lib/state/mail.svelte.ts'
import { LazyLanguage } from '#lib/state/lazy-language.ts'
import { browserPorts } from '#lib/sync/ports.ts'

export interface BegunMail {
  readonly mail: Mail
  readonly language: LazyLanguage
}

function begin(): BegunMail {
  const language = new LazyLanguage()
  const mail = new Mail(browserPorts(language))
  mail.show(null)
  return { mail, language }
}

let first: BegunMail | null = begin()

/** The one that is begun, or another one once that was taken: whoever takes it stops it. */
export function begunMail(): BegunMail {
  const taken = first ?? begin()
  first = null
  return taken
}
