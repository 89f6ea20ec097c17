/**
 * A message frame that waits for its mail, out of sight. To load a frame takes longer than all else that opens a mail:
 * a browser runs documents of a null origin in a process of their own, and ends it with the last of them.
 */
import { FrameConnection } from './connection.ts'
import remoteFrame from './frame-remote.html?url&no-inline'
import frame from './frame.html?url&no-inline'
import { whenIdle } from '#lib/ui/idle.ts'

export interface OpenFrame {
  readonly element: HTMLIFrameElement
  readonly connection: FrameConnection
}

let spare: OpenFrame | null = null
/** makes the next one, if one is wanted */
let renew = (): void => undefined
/** the frame of the mail that was opened last */
let last: Element | null = null
/** CSS pixels. A mail that is laid out in another width than that of its place is laid out twice. */
let width = 640

/** Keep a spare frame from now on, made whenever the browser has nothing else to do; returns how to end it. */
export function keepSpare(): () => void {
  let end = whenIdle(prepare)
  renew = () => {
    end()
    end = whenIdle(prepare)
  }
  return () => {
    end()
    renew = () => undefined
    discard()
  }
}

function discard(): void {
  spare?.connection.close()
  spare?.element.remove()
  spare = null
}

function prepare(): void {
  width = last?.clientWidth || width
  spare ??= made(frame, document.body)
  spare.element.ariaHidden = 'true'
  Object.assign(spare.element.style, { position: 'fixed', left: '-100vw', visibility: 'hidden', width: `${width}px` })
}

/** Put a frame into `place`: the spare one if it is ready, else a new one. */
export function frameIn(place: Element, allowRemote: boolean): OpenFrame {
  const open = (allowRemote ? null : moved(place)) ?? made(allowRemote ? remoteFrame : frame, place)
  last = open.element
  return open
}

/** null if none is ready, or the browser has no `moveBefore`: it loads a frame anew that is moved otherwise. */
function moved(place: Element): OpenFrame | null {
  if (spare && !spare.connection.isReady) {
    // Offline, or after an upgrade, it may have failed to load, and would fill its place for good.
    discard()
    renew()
  }
  if (!spare || !('moveBefore' in place)) return null
  const found = spare
  spare = null
  renew()
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
