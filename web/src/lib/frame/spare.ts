/**
 * A message frame that waits for its mail, out of sight. To load a frame takes longer than all else that opens a mail:
 * a browser runs documents of a null origin in a process of their own, and ends it with the last of them.
 */
import { FrameConnection } from './connection.ts'
import remoteFrame from './frame-remote.html?url&no-inline'
import frame from './frame.html?url&no-inline'

export interface OpenFrame {
  readonly element: HTMLIFrameElement
  readonly connection: FrameConnection
}

let spare: OpenFrame | null = null
/** the one that was made or taken last */
let last: Element | null = null
/** CSS pixels. A mail that is laid out in another width than that of its place is laid out twice. */
let width = 640

/** Make the next spare frame, unless there is one. */
export function prepareSpare(): void {
  if (spare) return
  width = last?.clientWidth || width
  spare = made(frame, document.body)
  spare.element.ariaHidden = 'true'
  Object.assign(spare.element.style, { position: 'fixed', left: '-100vw', visibility: 'hidden', width: `${width}px` })
}

export function discardSpare(): void {
  spare?.connection.close()
  spare?.element.remove()
  spare = null
}

/** Put a frame into `place`: the spare one if it is ready, else a new one. */
export function frameIn(place: Element, allowRemote: boolean): OpenFrame {
  const open = (allowRemote ? null : moved(place)) ?? made(allowRemote ? remoteFrame : frame, place)
  last = open.element
  return open
}

/** null if there is none, or the browser would load it anew: before Safari 26 and Firefox 144, no frame can be moved. */
function moved(place: Element): OpenFrame | null {
  if (!spare?.connection.isReady || !('moveBefore' in place)) return null
  const found = spare
  spare = null
  place.moveBefore(found.element, null)
  found.element.removeAttribute('style')
  found.element.ariaHidden = null
  return found
}

function made(source: string, place: Element): OpenFrame {
  const element = document.createElement('iframe')
  element.setAttribute('sandbox', 'allow-scripts')
  element.referrerPolicy = 'no-referrer'
  const connection = new FrameConnection(element)
  element.src = source
  place.append(element)
  return { element, connection }
}
