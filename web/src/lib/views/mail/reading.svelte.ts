/** When the second moment of the page comes: as soon as the list is painted, or something of it is needed. */
import type { MailPage } from '#lib/state/page.svelte.ts'
import { whenPainted } from '#lib/ui/idle.ts'
import { Moment } from '#lib/ui/moment.svelte.ts'
import type { Speech } from '#lib/words/words.svelte.ts'
import { createContext } from 'svelte'

const loadParts = () => import('#lib/views/mail/reading-parts.ts')

const [get, set] = createContext<Moment<Awaited<ReturnType<typeof loadParts>>>>()

export { get as readingMoment }

/** Within the component that has the mail page in it. */
export function setReading() {
  return set(new Moment('reading', loadParts))
}

/** Milliseconds. A mail server that does not answer must not keep the rest of the page away. */
const PATIENCE = 2_000

/** Within a component. */
export function loadReading(page: MailPage, spoken: Speech): void {
  const reading = get()
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
  const isOpened = $derived(mail.list !== null)
  const load = (): void => void reading.load(spoken)
  $effect(() => {
    if (isNeeded) load()
    else if (page.isListed) return whenPainted(load)
    else if (isOpened) {
      const timer = setTimeout(load, PATIENCE)
      return () => clearTimeout(timer)
    }
    return undefined
  })
}
