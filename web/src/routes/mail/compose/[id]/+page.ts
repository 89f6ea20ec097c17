import { latePart } from '#lib/ui/late-part.ts'
import type { PageLoad } from './$types.js'

/** Without a network the page waits for its words. */
export const load: PageLoad = async ({ parent }) => {
  const { speech } = await parent()
  await latePart(() => speech.need('writing'))
}
