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

/** Make the browser keep the interface, and look for a new version of it. Nothing depends on it. */
export async function registerWorker(container: ServiceWorkerContainer, policies: Policies | undefined): Promise<void> {
  try {
    // A worker is a script: its address must come from a policy, and there is one address only.
    const url =
      policies?.createPolicy('postroom-worker', { createScriptURL: () => WORKER }).createScriptURL('') ?? WORKER
    const registration = await container.register(url, { scope: SCOPE, updateViaCache: 'none' })
    registration.active?.postMessage('mend')
  } catch {
    // A private window, a full disk, a service that has none: it works on line as before.
  }
}
