/** Do it when the browser has nothing else to do, in two seconds at the latest; returns how to call it off. */
export function whenIdle(work: () => void): () => void {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(work, 200)
    return () => clearTimeout(timer)
  }
  const callback = requestIdleCallback(work, { timeout: 2_000 })
  return () => cancelIdleCallback(callback)
}
