import { createMail } from '#lib/state/create-mail.svelte.ts'
import { LateTongue } from '#lib/state/late-tongue.ts'
import { browserPorts } from '#lib/sync/ports.ts'
import type { LayoutLoad } from './$types.js'

/** Milliseconds for which the page waits for what this device keeps, so that it is drawn once. */
const PATIENCE = 100

export const load: LayoutLoad = async () => {
  const tongue = new LateTongue()
  const mail = createMail(browserPorts(tongue))
  mail.show(null)
  await Promise.race([mail.restored, new Promise((resolve) => setTimeout(resolve, PATIENCE))])
  return { mail, tongue }
}
