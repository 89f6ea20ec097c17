import { latePart } from '#lib/ui/late-part.ts'
import type { PageLoad } from './$types.js'

/** Without a network the page waits for its words. */
export const load: PageLoad = async ({ parent }) => {
  const { speech } = await parent()
  const parts = ['settings', 'reading', 'writing'] as const
  await latePart(() => Promise.all(parts.map((part) => speech.need(part))))
}
