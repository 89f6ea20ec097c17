/** Tabs of one browser share the session. The one in which somebody signs out tells the others, which still show mail. */

const NAME = 'postroom-signed-out'

export function tellOthers(): void {
  if (!('BroadcastChannel' in globalThis)) return
  const channel = new BroadcastChannel(NAME)
  channel.postMessage(null)
  channel.close()
}

/** Returns how to end that. */
export function onSignedOutElsewhere(leave: () => void): () => void {
  if (!('BroadcastChannel' in globalThis)) return () => undefined
  const channel = new BroadcastChannel(NAME)
  channel.onmessage = leave
  return () => channel.close()
}
