import type { Widen } from '#lib/words/en.ts'
import type { delivery as english } from '#lib/words/en/delivery.ts'

const count = (n: number) => n.toLocaleString('de')

export const delivery = {
  others: (name: string, n: number) => `${name} + ${count(n)}`,
  sendingIn: (who: string, seconds: number) => `Geht in ${count(seconds)} s an ${who}`,
  sending: (who: string) => `Wird an ${who} gesendet`,
  keepTab: 'Lassen Sie diesen Tab offen.',
  waits: (who: string) => `Die Nachricht an ${who} wird gesendet, sobald Sie online sind.`,
  waitsForServer: (who: string) => `Die Nachricht an ${who} wird gesendet, sobald der Mailserver antwortet.`,
  waitsForSignIn: (who: string) => `Die Nachricht an ${who} wird erst gesendet, wenn Sie sich wieder anmelden.`,
  leavesOn: (date: string) => `Wird am ${date} gesendet`,
  sent: 'Gesendet',
  notSent: 'Nicht gesendet. Ihr Entwurf ist wieder offen.',
  tooLate: 'Zu spät, die Nachricht ist unterwegs.',
  notUndone: 'Es ist nicht bekannt, ob dies rückgängig gemacht wurde.',
  scheduled: {
    none: 'Nichts ist geplant',
    noneHint: 'Was Sie später senden, wartet hier.',
    at: (date: string) => `Geplant für ${date}`,
    undo: 'Nicht senden',
    undoOf: (subject: string) => `Nicht senden: ${subject}`
  },
  refused: {
    title: (n: number, all: number) =>
      all === 1
        ? 'Die Nachricht kam nicht an'
        : n === all
          ? `Keine von ${count(all)} Personen hat das bekommen`
          : n === 1
            ? `Eine von ${count(all)} Personen hat das nicht bekommen`
            : `${count(n)} von ${count(all)} Personen haben das nicht bekommen`,
    person: (reason: string, code: string) => `${reason} (${code}).`,
    reasons: {
      unknown_mailbox: 'Der Mailserver dort kennt kein solches Postfach',
      full: 'Das Postfach ist voll',
      too_large: 'Die Nachricht ist zu groß für den Mailserver dort',
      policy: 'Der Mailserver dort nimmt diese Nachricht nicht an',
      other: 'Der Mailserver dort hat sie abgelehnt'
    },
    more: (n: number) => `und ${count(n)} weitere`,
    said: 'Der Mailserver sagt',
    resend: 'Berichtigen und erneut senden',
    hide: 'Ausblenden'
  },
  unsent: {
    title: 'Nur auf diesem Gerät',
    to: (people: string) => `an ${people}`,
    nobody: '(noch kein Empfänger)',
    device: 'Auf diesem Gerät gespeichert',
    waiting: 'Wartet auf die Verbindung',
    unknown: 'Es ist nicht bekannt, ob sie gesendet wurde',
    not_sent: 'Nicht gesendet'
  }
} satisfies Widen<typeof english>
