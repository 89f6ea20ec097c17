/** Stands in place of what knows what became of sent messages. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Delivery, ScheduledMessage, Sent } from '#lib/writing/state/sent.ts'

export class FakeSent implements Sent {
  scheduled: readonly ScheduledMessage[] | null = $state.raw(null)
  readonly hidden: ReadonlySet<string> = new Set()
  trouble = $state.raw<Trouble | null>(null)
  readonly asked: string[] = []
  deliveries: Readonly<Record<string, Delivery>> = $state.raw({})
  refreshed = 0

  refresh(): void {
    this.refreshed += 1
  }

  ask(emailIds: readonly string[]): void {
    this.asked.push(...emailIds)
  }

  deliveryOf(emailId: string): Delivery | null {
    return this.deliveries[emailId] ?? null
  }
}
