import type { Widen } from '#lib/words/en.ts'
import type { identities as english } from '#lib/words/en/identities.ts'

export const identities: Widen<typeof english> = {
  intro: 'Eine Nachricht wird als eine von diesen geschrieben: mit ihrem Namen, ihrer Adresse und ihrer Signatur.',
  list: 'Identitäten',
  empty: 'Es gibt keine Identitäten.',
  tryAgain: 'Erneut versuchen',
  cancel: 'Abbrechen',
  save: 'Speichern',
  add: 'Identität hinzufügen',
  edit: 'Bearbeiten',
  editName: (address) => `${address} bearbeiten`,
  title: (address) => `Identität ${address}`,
  name: 'Name',
  nameHint: '(wie andere ihn sehen)',
  address: 'Adresse',
  addressHint: '(eine eigene: ein Alias Ihres Postfachs)',
  replyTo: 'Antworten gehen an',
  replyToHint: '(leer lassen für die Adresse selbst)',
  signature: 'Signatur',
  noSignature: 'ohne Signatur',
  withSignature: 'mit Signatur',
  preferred: 'Für neue Nachrichten verwendet',
  prefer: 'Für neue Nachrichten verwenden',
  preferName: (address) => `${address} für neue Nachrichten verwenden`,
  isPreferred: (address) => `Neue Nachrichten werden als ${address} geschrieben`,
  preferredHere: 'Das gilt nur auf diesem Gerät: Der Dienst antwortet gerade nicht.',
  remove: 'Löschen',
  removeName: (address) => `${address} löschen`,
  question: (address) => `Die Identität ${address} löschen?`,
  consequence: 'Ihr Name und ihre Signatur gehen verloren. Mail an diese Adresse kommt weiterhin an.',
  removed: 'Identität gelöscht',
  saved: 'Identität gespeichert',
  notAddress: (text) => (text === '' ? 'Das fehlt.' : `${text} ist noch keine Adresse.`),
  offline: 'Sie sind offline. Identitäten können Sie ändern, sobald Sie wieder online sind.',
  trouble: {
    identity_changed:
      'Ein anderes Gerät hat diese Identität inzwischen geändert. Vergleichen Sie mit ihrem jetzigen Stand, und speichern Sie erneut.',
    identity_gone:
      'Ein anderes Gerät hat diese Identität inzwischen gelöscht. Speichern Sie sie als neue, oder brechen Sie ab.',
    forbiddenFrom: (address) => `Sie dürfen nicht als ${address} senden.`,
    identity_too_long: 'Der Name oder die Signatur ist länger, als der Mailserver erlaubt. Kürzen Sie ihn oder sie.',
    unavailable:
      'Der Mailserver antwortet nicht. Was Sie eingegeben haben, ist noch hier; versuchen Sie es gleich erneut.',
    no_session:
      'Sie wurden abgemeldet. Melden Sie sich in einem anderen Tab an, und speichern Sie erneut: Was Sie eingegeben haben, ist noch hier.',
    unknown: 'Das hat nicht geklappt. Nichts wurde geändert.'
  },
  now: 'Ihr jetziger Stand',
  takeTheirs: 'Stattdessen diesen verwenden'
}
