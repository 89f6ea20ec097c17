/**
 * What the first view does not need: the reader, the splitter, the bar of a phone, dialogs. It is loaded once
 * the list is painted, or as soon as it is needed.
 */
import { whenPainted } from '#lib/ui/idle.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { latePart } from '#lib/ui/late-part.ts'

type Parts = typeof import('#lib/views/mail/later.ts')

/** Milliseconds. A mail server that does not answer must not keep the rest of the page away. */
const PATIENCE = 2_000

function whenLate(work: () => void): () => void {
  const timer = setTimeout(work, PATIENCE)
  return () => clearTimeout(timer)
}

export function lateParts(page: MailPage): () => Parts | undefined {
  let parts = $state.raw<Parts>()
  const isListed = $derived(page.isListed)
  const isOpened = $derived(page.mail.list !== null)
  const { notices, searching, mail, triage, writing } = page
  const isNeeded = $derived(
    page.threadId !== undefined ||
      searching.query !== null ||
      mail.trouble !== null ||
      notices.shown !== null ||
      triage.dialog !== null ||
      writing.compose !== null ||
      page.view?.kind === 'scheduled'
  )
  let isAskedFor = false
  function load(): void {
    if (isAskedFor) return
    isAskedFor = true
    void latePart(() => import('#lib/views/mail/later.ts')).then((module) => (parts = module))
  }
  $effect(() => {
    if (parts) return undefined
    if (isNeeded) load()
    else if (isListed) return whenPainted(load)
    else if (isOpened) return whenLate(load)
    return undefined
  })
  return () => parts
}
