/** What live events need from the world outside. */
import type { ClientPorts } from '#lib/jmap/client.ts'

export interface LivePorts extends ClientPorts {
  /** [0, 1) */
  random: () => number
  /** between the tabs of this browser; null where it has none */
  locks: LockManager | null
  channel: ((name: string) => BroadcastChannel) | null
  /** whether a person can see this tab */
  isVisible: () => boolean
  /** Call when the tab was shown, or the device is online again; returns how to end that. */
  onReturn: (work: () => void) => () => void
  /** Call when the tab was hidden; returns how to end that. */
  onHide: (work: () => void) => () => void
  /** Call when the page may be gone in a moment; returns how to end that. */
  onLeave: (work: () => void) => () => void
  /** Tell the console about a mistake of ours. */
  report: (mistake: unknown) => void
}
