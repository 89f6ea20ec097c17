/** Loads what writing needs before anybody writes: who has no network then must still be able to begin a message. */
import { latePart } from '#lib/ui/late-part.ts'

export function loadAhead(): Promise<unknown> {
  return latePart(() =>
    Promise.all([
      import('#lib/views/compose/Docks.svelte'),
      import('#lib/state/compose-start.ts'),
      import('#lib/compose/quote-html.ts'),
      import('#lib/compose/text-of-html.ts'),
      import('#lib/compose/html-of-text.ts')
    ])
  )
}
