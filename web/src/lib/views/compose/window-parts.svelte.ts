/** What an empty window of writing does not need. It is loaded once the window is there, for all of them. */
import type { Recipient } from '#lib/compose/draft.ts'
import { latePart } from '#lib/ui/late-part.ts'

type Parts = typeof import('#lib/views/compose/later.ts')

let parts = $state.raw<Parts>()
let coming: Promise<void> | null = null

export function windowParts(): Parts | undefined {
  return parts
}

/** Resolves once they are there. */
export function loadWindowParts(): Promise<void> {
  coming ??= latePart(() => import('#lib/views/compose/later.ts')).then((module) => void (parts = module))
  return coming
}

/** Before what reads them is there, the text is one: it is not lost, and nothing is sent to what is no address. */
export function recipientsIn(text: string): Recipient[] {
  const address = text.trim()
  return parts?.recipientsOf(text) ?? (address === '' ? [] : [{ name: '', address }])
}
