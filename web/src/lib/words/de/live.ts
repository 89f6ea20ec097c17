/** Whether new mail arrives by itself, and how the person is told of it. */
import type { Widen } from '#lib/words/en.ts'
import type { live as english } from '#lib/words/en/live.ts'

export const live: Widen<typeof english> = {
  since: (time) => `Live seit ${time}`,
  last: (time) => `Zuletzt live um ${time}`,
  polled: 'Der Mailserver meldet neue Post nicht; deshalb wird jede Minute nachgesehen.',
  waiting: (n) => `${n.toLocaleString('de')} ${n === 1 ? 'Änderung wartet' : 'Änderungen warten'} auf die Verbindung`,
  unsent: (n) => `${n.toLocaleString('de')} ${n === 1 ? 'Nachricht wartet' : 'Nachrichten warten'} auf den Versand`,
  notify: 'Bei neuer Post benachrichtigen',
  content: 'Absender und Betreff zeigen',
  hint: 'Solange kein Tab von Postroom zu sehen ist. Auf einem gesperrten Bildschirm können andere mitlesen.',
  mailLinks: 'E-Mail-Links hier öffnen',
  mailLinksHint:
    'Links zu Adressen auf anderen Seiten öffnen dann eine neue Nachricht in Postroom. Ihr Browser fragt noch einmal.',
  denied:
    'Ihr Browser blockiert Benachrichtigungen dieser Seite. Erlauben Sie sie in den Einstellungen, die er für diese Seite führt.',
  unsupported: 'Dieser Browser kann von dieser Seite keine Benachrichtigungen zeigen.'
}
