import { whoAmI } from '#lib/accounts/me.ts'
import { redirect } from '@sveltejs/kit'
import type { PageLoad } from './$types.js'

export const load: PageLoad = async ({ fetch }) => {
  const answer = await whoAmI(fetch)
  if (answer === 'signed-out') redirect(307, '/sign-in?return_to=/preparing')
  if (answer === 'second-factor-due') redirect(307, '/sign-in?aal=aal2&return_to=/preparing')
  return { me: answer === 'away' ? null : answer.me }
}
