/** Loads what writing needs before anybody writes: who has no network then must still be able to begin a message. */
import type { Writing } from '#lib/state/writing.svelte.ts'
import { latePart } from '#lib/ui/late-part.ts'
import { loadWindowParts } from '#lib/views/compose/window-parts.svelte.ts'

export async function loadAhead(writing: Writing): Promise<void> {
  await latePart(() => writing.load())
  await latePart(() =>
    Promise.all([
      import('#lib/views/compose/Docks.svelte'),
      import('#lib/state/compose-start.ts'),
      import('#lib/state/compose-people.ts'),
      // What keeps the message, stores it and sends it once there is a network again.
      import('#lib/state/engine.ts'),
      import('#lib/compose/quote-html.ts'),
      import('#lib/compose/text-of-html.ts'),
      import('#lib/compose/html-of-text.ts'),
      // What opens within a window.
      import('#lib/ui/Menu.svelte'),
      import('#lib/views/compose/PlainDialog.svelte'),
      import('#lib/views/compose/SendLater.svelte'),
      loadWindowParts()
    ])
  )
}
