import type { LayoutLoad } from './$types.js'

/** The query with which the page was opened; a flow that is remembered in the address bar later does not open it anew. */
export const load: LayoutLoad = async ({ url, parent }) => {
  const { search } = url
  const { speech } = await parent()
  await speech.need('signIn')
  return { search }
}
