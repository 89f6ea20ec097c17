import { whoAmI } from '#lib/accounts/me.ts'
import { redirect } from '@sveltejs/kit'
import type { PageLoad } from './$types.js'

/** Sends everybody to the right page. */
export const load: PageLoad = async ({ fetch }) => {
  const answer = await whoAmI(fetch)
  if (answer === 'signed-out') redirect(307, '/sign-in')
  if (answer === 'second-factor-due') redirect(307, '/sign-in?aal=aal2')
  if (answer === 'away') return
  redirect(307, answer.me.mailbox.state === 'ready' ? '/mail' : '/preparing')
}
