/** The worker that keeps the interface, so that it starts without a network. It keeps no mail, and no answer of a service. */
import { immutable } from '$app/manifest'
import { self } from '$app/service-worker'
import { version } from '$app/env'
import { KeptBuild } from '#lib/offline/build.ts'
import { PersonHere } from '#lib/offline/person.ts'
import { choosePreload } from '#lib/offline/preload.ts'
import { Worker } from '#lib/offline/worker.ts'

const ask: typeof fetch = (input, init) => self.fetch(input, init)

const worker = new Worker({
  fetch: ask,
  origin: self.location.origin,
  build: new KeptBuild(
    self.caches,
    ask,
    version,
    immutable.map(({ path }) => `/${path}`)
  ),
  person: new PersonHere(self.caches, () => Date.now()),
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
})

self.addEventListener('install', (event) => {
  // It serves pages of any build: none has to be closed first.
  event.waitUntil(worker.install().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  const preload = choosePreload(self.registration.navigationPreload, self.navigator.userAgent)
  event.waitUntil(Promise.all([worker.activate(), preload, self.clients.claim()]))
})

self.addEventListener('fetch', (event) => {
  const handled = worker.handle(event.request, event.preloadResponse as Promise<unknown>)
  if (handled) {
    event.respondWith(handled.response)
    event.waitUntil(handled.rest)
  }
})

self.addEventListener('message', (event) => {
  if (event.data === 'mend') event.waitUntil(worker.mend())
})
