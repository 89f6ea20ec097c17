/** Notifications of the system: whether the browser lets us show them, and how much they tell on this device. */
import type { NotificationLevel } from '#lib/state/mail.ts'
import type { NewMail } from '#lib/state/new-mail.ts'

/** What we need of the browser (Notifications API). */
export interface NotificationPort {
  readonly permission: () => NotificationPermission
  readonly ask: () => Promise<NotificationPermission>
  /** `pressed`: the person wants to see it */
  readonly show: (title: string, body: string, pressed: () => void) => void
}

export type Permission = NotificationPermission | 'unsupported'

export class Notifier {
  readonly #newMail: Pick<NewMail, 'level' | 'keep'>
  readonly #port: NotificationPort | null

  /** null: the browser has none */
  constructor(newMail: Pick<NewMail, 'level' | 'keep'>, port: NotificationPort | null) {
    this.#newMail = newMail
    this.#port = port
  }

  get permission(): Permission {
    return this.#port?.permission() ?? 'unsupported'
  }

  /** What the person chose, if it is still allowed. */
  async level(): Promise<NotificationLevel> {
    return this.permission === 'granted' ? this.#newMail.level() : 'none'
  }

  /** The person presses the switch: only then the browser may ask. Returns what holds now. */
  async turn(level: NotificationLevel): Promise<NotificationLevel> {
    if (level !== 'none' && this.permission === 'default') {
      await this.#port?.ask()
    }
    await this.#newMail.keep(this.permission === 'granted' ? level : 'none')
    return this.level()
  }

  show(title: string, body: string, pressed: () => void): void {
    if (this.permission === 'granted') {
      this.#port?.show(title, body, pressed)
    }
  }
}

export function browserNotifications(): NotificationPort | null {
  // Chrome for Android has the interface and refuses to use it without a service worker.
  if (!('Notification' in globalThis) || /Android/.test(navigator.userAgent)) return null
  return {
    permission: () => Notification.permission,
    ask: () => Notification.requestPermission(),
    show: (title, body, pressed) => {
      // They have one tag, so that a newer one replaces it.
      const shown = new Notification(title, { body, tag: 'postroom', icon: '/favicon.svg' })
      shown.onclick = () => {
        window.focus()
        shown.close()
        pressed()
      }
      // A person who comes back sees the mail itself.
      const back = (): void => shown.close()
      document.addEventListener('visibilitychange', back, { once: true })
    }
  }
}
