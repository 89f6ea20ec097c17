/** The service worker of this browser, seen from a page. */
const WORKER = '/service-worker.js'
/** Only pages of mail: signing in must not depend on what a browser keeps. */
const SCOPE = '/mail'

interface Policies {
  createPolicy: (
    name: string,
    rules: { createScriptURL: (url: string) => string }
  ) => {
    createScriptURL: (url: string) => string
  }
}

/** A policy of a name can be made once in a document. */
let address: string | undefined

/** Make the browser keep the interface, and look for a new version of it. Nothing depends on it. */
export async function registerWorker(container: ServiceWorkerContainer, policies: Policies | undefined): Promise<void> {
  try {
    // A worker is a script: its address must come from a policy, and there is one address only.
    address ??=
      policies?.createPolicy('postroom-worker', { createScriptURL: () => WORKER }).createScriptURL('') ?? WORKER
    const registration = await container.register(address, { scope: SCOPE, updateViaCache: 'none' })
    registration.active?.postMessage('mend')
  } catch {
    // A private window, a full disk, a service that has none: it works on line as before.
  }
}
