/** The preparation of the mailbox, live: `provisioning` and `hello` of /api/live. */
import { failureOf } from '#lib/jmap/errors.ts'
import { listenTo } from './event-stream.ts'
import { pauseAfter } from './pause.ts'
import type { LivePorts } from './ports.ts'

export interface PreparationEvents<P> {
  preparation(preparation: P): void
  /** the stream broke, or tells something again */
  connected(yes: boolean): void
}

/** Listens until the signal is aborted; a stream that breaks is opened anew after a pause. */
export async function followPreparation<P>(
  ports: Pick<LivePorts, 'fetch' | 'after' | 'now' | 'random'>,
  events: PreparationEvents<P>,
  signal: AbortSignal
): Promise<void> {
  for (let failures = 0; ;) {
    const refusal = await listenTo('/api/live', ports, signal, ({ type, data }) => {
      if (data === null || (type !== 'provisioning' && type !== 'hello')) return
      failures = 0
      events.connected(true)
      events.preparation(data as P)
    })
    if (signal.aborted) return
    events.connected(false)
    const retryAfter = refusal && (await failureOf(refusal, ports.now())).retryAfter
    failures += 1
    const pause = pauseAfter(failures, retryAfter, ports.random())
    await new Promise<void>((resolve) => ports.after(pause, resolve))
  }
}
