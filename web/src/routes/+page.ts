import { signInPath, whoAmI } from '#lib/accounts/me.ts'
import { redirect } from '@sveltejs/kit'
import type { PageLoad } from './$types.js'

/** Sends everybody to the right page. */
export const load: PageLoad = async ({ fetch }) => {
  const answer = await whoAmI(fetch)
  const signIn = signInPath(answer, '/')
  if (signIn) redirect(307, signIn)
  if (typeof answer === 'object') redirect(307, answer.me.mailbox.state === 'ready' ? '/mail' : '/preparing')
}
