/** What the engine needs from the world outside; the tests hand in their own. */
import type { LivePorts } from '#lib/live/ports.ts'
import type { Upload } from '#lib/writing/sync/upload-port.ts'

/** The language on this device. */
export interface LanguagePort {
  /** what was chosen here and is not saved yet; null for nothing */
  readonly unsaved: string | null
  /** The service keeps it. */
  saved(language: string): void
  /** The service says that the person chose it; it may be one that we do not speak. */
  adopt(language: string): void
  /** what a mailbox of this role is called */
  roleName(role: string): string
}

export interface Ports extends LivePorts {
  /** a text that nobody had before */
  unique: () => string
  /** Whom the service named when it sent this page; null if nobody, and for each further session of the same page. */
  takePerson: () => string | null
  /** Load the page anew. */
  reload: () => void
  /** The person pays for what is loaded, or waits long for it. */
  savesData: () => boolean
  /** Something is kept that nobody else has: the browser must not delete it when it needs room. It may ask the person. */
  persist: () => void
  language: LanguagePort
  /** by XMLHttpRequest if it is missing */
  upload?: Upload
}

/** The network of a browser, and the clock by which one waits for it. */
export const BROWSER: Pick<Ports, 'fetch' | 'now' | 'random' | 'unique' | 'after'> = {
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  random: () => Math.random(),
  // Not by `randomUUID`, which a page without TLS does not have.
  unique: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (octet) => octet.toString(16).padStart(2, '0')).join(''),
  after: (milliseconds, work) => {
    const timer = setTimeout(work, milliseconds)
    return () => clearTimeout(timer)
  }
}

export function browserPorts(language: LanguagePort): Ports {
  return {
    ...BROWSER,
    language,
    origin: location.origin,
    takePerson,
    reload,
    // Only in a secure context, which plain http on another machine is not.
    locks: 'locks' in navigator ? navigator.locks : null,
    channel: 'BroadcastChannel' in globalThis ? (name) => new BroadcastChannel(name) : null,
    isVisible: () => document.visibilityState === 'visible',
    // Only Chromium tells it.
    savesData: () => (navigator as { connection?: { saveData?: boolean } }).connection?.saveData ?? false,
    onReturn,
    onHide,
    onLeave: (work) => {
      // The last event that a closed tab gets for sure, also on phones.
      addEventListener('pagehide', work)
      return () => removeEventListener('pagehide', work)
    },
    persist: () => void askedOnce(),
    report: (mistake) => reportError(mistake)
  }
}

let asked: Promise<boolean> | null = null

/** Only in a secure context, and Firefox asks the person. */
function askedOnce(): Promise<boolean> {
  asked ??= 'storage' in navigator ? navigator.storage.persist().catch(() => false) : Promise.resolve(false)
  return asked
}

/** Milliseconds. A page that was just loaded, and names somebody else than the session, may come from a proxy's cache: it
 * would load itself without end. */
const LOADED_JUST_NOW = 5_000

function reload(): void {
  setTimeout(() => location.reload(), LOADED_JUST_NOW - performance.now())
}

/** Once: whoever signs in later, without another page being loaded, may be somebody else. */
function takePerson(): string | null {
  const named = document.querySelector<HTMLMetaElement>('meta[name="postroom-person"]')
  named?.remove()
  return named?.content ?? null
}

function onReturn(work: () => void): () => void {
  const ends = new AbortController()
  const shown = (): void => {
    if (document.visibilityState === 'visible') {
      work()
    }
  }
  document.addEventListener('visibilitychange', shown, { signal: ends.signal })
  // A page from the back/forward cache missed what was said meanwhile.
  addEventListener('pageshow', (event) => event.persisted && work(), { signal: ends.signal })
  addEventListener('online', work, { signal: ends.signal })
  return () => ends.abort()
}

function onHide(work: () => void): () => void {
  const hidden = (): void => {
    if (document.visibilityState === 'hidden') {
      work()
    }
  }
  document.addEventListener('visibilitychange', hidden)
  return () => document.removeEventListener('visibilitychange', hidden)
}
