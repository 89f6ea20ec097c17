/** Recipients whom a message did not reach: what is shown of them, and to whom it is sent once more. */
import type { Message } from '#lib/state/mail.ts'
import type { Recipient } from '#lib/writing/state/compose.ts'
import type { Delivery, Sent } from '#lib/writing/state/sent.ts'
import { DeviceStorage } from '#lib/state/device-storage.ts'

const HIDDEN = 'hidden-refusals'
/** More were not hidden within the days for which a mail server knows of a delivery. */
const MOST_HIDDEN = 200

/** Messages about which the person has read enough, on this device. */
export class HiddenRefusals {
  readonly #device: DeviceStorage

  constructor(device = new DeviceStorage()) {
    this.#device = device
  }

  all(): readonly string[] {
    const kept = this.#device.read(HIDDEN)
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : []
  }

  hide(emailId: string): void {
    this.#device.write(HIDDEN, [...this.all(), emailId].slice(-MOST_HIDDEN))
  }
}

/** Own messages that were sent, of which one may ask whom they reached. */
export function sentOf(messages: readonly Message[]): readonly Message[] {
  return messages.filter(({ own, draft }) => own && !draft)
}

export interface Refused {
  readonly message: Message
  readonly delivery: Delivery
}

export function refusedOf(messages: readonly Message[], sent: Sent, hidden: readonly string[]): readonly Refused[] {
  return sentOf(messages).flatMap((message) => {
    const delivery = hidden.includes(message.id) ? null : sent.deliveryOf(message.id)
    return delivery && delivery.refused.length > 0 ? [{ message, delivery }] : []
  })
}

/** Those whom it did not reach, as the message names them. */
export function resendTo({ message, delivery }: Refused): readonly Recipient[] {
  const named = new Map([...message.to, ...message.cc].map(({ name, address }) => [address.toLowerCase(), name]))
  return delivery.refused.map(({ address }) => ({ name: named.get(address.toLowerCase()) ?? '', address }))
}
