/** When to load what nobody waits for: no hand should feel it. */
import { whenIdle } from './idle.ts'

/** Milliseconds without any of these after which nobody is in the middle of something. */
const QUIET = 500
const KINDS = ['keydown', 'pointerdown', 'scroll', 'touchmove']
/** Milliseconds that it waits for that at most: whoever never rests loses the network, too. */
const LONGEST = 120_000

/** Do it when nobody presses or scrolls anything and the browser is idle; returns how to call it off. */
export function whenQuiet(work: () => void): () => void {
  const asked = performance.now()
  let pressed = asked
  const press = (): void => void (pressed = performance.now())
  const options = { capture: true, passive: true }
  KINDS.forEach((kind) => addEventListener(kind, press, options))
  let callOff = (): void => undefined
  const end = (): void => {
    clearTimeout(timer)
    KINDS.forEach((kind) => removeEventListener(kind, press, options))
  }
  const look = (): void => {
    const left = Math.min(pressed + QUIET, asked + LONGEST) - performance.now()
    if (left > 0) {
      timer = setTimeout(look, left)
      return
    }
    end()
    callOff = whenIdle(work)
  }
  let timer = setTimeout(look, QUIET)
  return () => {
    end()
    callOff()
  }
}
