/** Prints mails from a frame of their own: the browser prints a frame of a page only as far as it fits on one sheet. */
import printRemoteFrame from './frame-print-remote.html?url&no-inline'
import printFrame from './frame-print.html?url&no-inline'
import { sanitize } from './sanitize.ts'

/** One message. Of `head` everything is text. */
export interface PrintedMessage {
  readonly head: readonly (readonly [label: string, value: string])[]
  readonly html: string | null
  readonly text: string
  /** Content-ID → picture that the HTML refers to */
  readonly images: ReadonlyMap<string, Blob>
}

/** Milliseconds within which the frame must load; and then its pictures. */
const PATIENCE = 20_000
/** Milliseconds: some browsers go on with the frame's document after they told that it was printed. */
const REST = 1_000

let last: HTMLIFrameElement | null = null

/**
 * Opens the dialog for printing. `allowRemote`: remote pictures of all these mails may load. Rejects if the frame does
 * not load.
 */
export async function print(title: string, messages: readonly PrintedMessage[], allowRemote: boolean): Promise<void> {
  const shown = messages.map((message) => ({ ...message, ...sanitized(message.html, allowRemote) }))
  last?.remove()
  const frame = document.createElement('iframe')
  last = frame
  frame.setAttribute('sandbox', 'allow-scripts allow-modals')
  frame.referrerPolicy = 'no-referrer'
  frame.ariaHidden = 'true'
  frame.tabIndex = -1
  // Out of sight, and as wide as a sheet, for mails that ask how wide it is.
  Object.assign(frame.style, { position: 'fixed', left: '-100vw', width: '45rem', height: '60rem', border: '0' })
  frame.src = allowRemote ? printRemoteFrame : printFrame
  const printing = begun(frame, { title, messages: shown })
  document.body.append(frame)
  await printing.catch((failure: unknown) => {
    frame.remove()
    throw failure
  })
}

/** Resolves when the frame asks the browser to print. */
function begun(frame: HTMLIFrameElement, what: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const overdue = setTimeout(() => reject(new Error('the frame for printing did not load')), PATIENCE)
    let port: MessagePort | null = null
    frame.addEventListener('load', () => {
      // A second document: a mail led the frame elsewhere.
      if (port) {
        frame.remove()
        return
      }
      const { port1, port2 } = new MessageChannel()
      port = port1
      port1.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (data === 'ready') port1.postMessage(what)
        if (data === 'printed') setTimeout(() => frame.remove(), REST)
        if (data !== 'printing') return
        clearTimeout(overdue)
        resolve()
      }
      frame.contentWindow?.postMessage(null, '*', [port2])
    })
  })
}

function sanitized(html: string | null, allowRemote: boolean) {
  const clean = html === null ? null : sanitize(html, { allowRemote, showQuoted: '', blocked: '', whole: true })
  return { html: clean?.html ?? null, sheets: clean?.sheets ?? [], lang: clean?.lang ?? '', dir: clean?.dir ?? '' }
}
