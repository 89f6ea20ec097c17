/** All tabs of a browser leave when the person signs out in one of them: what they hold in memory must not stay on screen. */

const NAME = 'postroom-signed-out'

export function tellTabs(): void {
  const channel = new BroadcastChannel(NAME)
  channel.postMessage(null)
  channel.close()
}

/** Returns how to stop listening. */
export function whenSignedOut(leave: () => void): () => void {
  const channel = new BroadcastChannel(NAME)
  channel.onmessage = leave
  return () => channel.close()
}
