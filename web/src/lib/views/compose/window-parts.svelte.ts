/** What an empty window of writing does not need. It is loaded once for all windows, when the first is there. */
import { latePart } from '#lib/ui/late-part.ts'
import { tick } from 'svelte'

type Parts = typeof import('#lib/views/compose/later.ts')

let parts = $state.raw<Parts>()
let coming: Promise<void> | null = null

export function windowParts(): Parts | undefined {
  return parts
}

/** Resolves once they are there, and drawn. */
export function loadWindowParts(): Promise<void> {
  coming ??= latePart(() => import('#lib/views/compose/later.ts')).then((module) => {
    parts = module
    return tick()
  })
  return coming
}
