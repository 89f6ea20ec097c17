import { signInPath, whoAmI } from '#lib/accounts/me.ts'
import { redirect } from '@sveltejs/kit'
import type { PageLoad } from './$types.js'

export const load: PageLoad = async ({ fetch, parent }) => {
  const [found, { speech }] = await Promise.all([whoAmI(fetch), parent()])
  await speech.need('preparation')
  const signIn = signInPath(found, '/preparing')
  if (signIn) redirect(307, signIn)
  return { me: typeof found === 'object' ? found.me : null }
}
