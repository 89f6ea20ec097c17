import { signInPath, whoAmI } from '#lib/accounts/me.ts'
import { redirect } from '@sveltejs/kit'
import type { PageLoad } from './$types.js'

/** Sends everybody to the right page. */
export const load: PageLoad = async ({ fetch }) => {
  const found = await whoAmI(fetch)
  const signIn = signInPath(found, '/')
  if (signIn) redirect(307, signIn)
  if (typeof found === 'object') redirect(307, found.me.mailbox.state === 'ready' ? '/mail' : '/preparing')
}
