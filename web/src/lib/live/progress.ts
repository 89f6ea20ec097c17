/** The progress of the mailbox, live: `provisioning` and `hello` of /api/live. */

export interface ProgressEvents<P> {
  progress(progress: P): void
  /** the stream broke, or came back; the browser reconnects by itself */
  connected(yes: boolean): void
}

/** Opens the stream; returns what closes it. A stream that the browser gave up is opened anew after `pause` ms. */
export function followProgress<P>(
  make: (url: string) => EventSource,
  events: ProgressEvents<P>,
  pause = 5_000
): () => void {
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined

  function open(): void {
    source = make('/api/live')
    const heard = ({ data }: MessageEvent<string>): void => {
      events.connected(true)
      events.progress(JSON.parse(data) as P)
    }
    source.addEventListener('provisioning', heard)
    source.addEventListener('hello', heard)
    source.onopen = () => events.connected(true)
    source.onerror = () => {
      events.connected(false)
      // An answer that is no stream (503, 401) ends an EventSource for good.
      if (source.readyState === 2) timer = setTimeout(open, pause)
    }
  }

  open()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}
