import { createMail } from '#lib/state/create-mail.svelte.ts'
import { LateTongue } from '#lib/state/late-tongue.ts'
import { browserPorts } from '#lib/sync/ports.ts'
import type { LayoutLoad } from './$types.js'

/** Milliseconds for which the page waits for what this device keeps, so that it is drawn once. */
const PATIENCE = 100

function begin() {
  const tongue = new LateTongue()
  const mail = createMail(browserPorts(tongue))
  mail.show(null)
  return { mail, tongue }
}

/** What this device keeps is read while the page starts. */
let first: ReturnType<typeof begin> | null = begin()

export const load: LayoutLoad = async () => {
  const data = first ?? begin()
  first = null
  await Promise.race([data.mail.restored, new Promise((resolve) => setTimeout(resolve, PATIENCE))])
  return data
}
