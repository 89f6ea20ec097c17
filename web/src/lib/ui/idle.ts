/** Milliseconds. A tab in the background paints nothing. */
const UNPAINTED = 500

/** Do it when the browser has nothing else to do, in two seconds at the latest; returns how to call it off. */
export function whenIdle(work: () => void): () => void {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(work, 200)
    return () => clearTimeout(timer)
  }
  const callback = requestIdleCallback(work, { timeout: 2_000 })
  return () => cancelIdleCallback(callback)
}

/** Do it once what is in the document now is painted, and the browser idle; returns how to call it off. */
export function whenPainted(work: () => void): () => void {
  let callOff = (): void => undefined
  let frame = 0
  const idle = (): void => {
    end()
    callOff = whenIdle(work)
  }
  // The frame after the next one begins when that is on screen.
  frame = requestAnimationFrame(() => (frame = requestAnimationFrame(idle)))
  const timer = setTimeout(idle, UNPAINTED)
  const end = (): void => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
  }
  return () => {
    end()
    callOff()
  }
}
