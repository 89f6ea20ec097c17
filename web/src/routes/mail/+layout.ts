import type { LayoutLoad } from './$types.js'
import { begunMail } from './begun-mail.ts'

/** Milliseconds for which the page waits for what this device keeps, so that it is drawn once. */
const PATIENCE = 100

export const load: LayoutLoad = async () => {
  const begun = begunMail()
  await Promise.race([begun.mail.restored, new Promise((resolve) => setTimeout(resolve, PATIENCE))])
  return begun
}
