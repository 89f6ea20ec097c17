import { signInPath, whoAmI } from '#lib/accounts/me.ts'
import { redirect } from '@sveltejs/kit'
import type { PageLoad } from './$types.js'

export const load: PageLoad = async ({ fetch }) => {
  const found = await whoAmI(fetch)
  const signIn = signInPath(found, '/preparing')
  if (signIn) redirect(307, signIn)
  return { me: typeof found === 'object' ? found.me : null }
}
