import type { preparation as english } from '#lib/words/en/preparation.ts'

const spell = (n: number) =>
  ['keinen', 'einen', 'zwei', 'drei', 'vier', 'fünf', 'sechs', 'sieben', 'acht', 'neun', 'zehn'][n] ?? String(n)
const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
const duration = (seconds: number) =>
  seconds < 90
    ? `${seconds} s`
    : seconds < 5_400
      ? count(Math.round(seconds / 60), 'Minute', 'Minuten')
      : count(Math.round(seconds / 3600), 'Stunde', 'Stunden')

export const preparation = {
  title: 'Ihr Postfach wird eingerichtet',
  titleReady: 'Ihr Postfach ist fertig',
  titleFailed: 'Ihr Postfach braucht einen Menschen',
  titleTaken: 'Wählen Sie eine andere Adresse',
  tabReady: '✓ Ihr Postfach ist fertig',
  account: 'Ihr Konto ist angelegt',
  opens: 'Ihr Posteingang öffnet sich',
  now: 'jetzt',
  of: (n: number) => `von ${n}`,
  since: (time: string) => `seit ${time}`,
  within: (minutes: number) => `innerhalb von ${minutes} min`,
  step: {
    running: 'Ihr Postfach wird angelegt',
    attempt: (n: number, seconds: number) => `Versuch ${n} in ${duration(seconds)}`,
    throttled: (seconds: number) => `Es geht in ${duration(seconds)} weiter`,
    away: 'Warten auf den Mailserver',
    operator: 'Warten auf einen Betreiber',
    unheard: 'Die nächste Prüfung findet es',
    ready: 'Ihr Postfach ist angelegt',
    taken: 'Die Adresse ist vergeben',
    refused: 'Die Adresse kann kein Postfach bekommen',
    failed: (attempts: number) =>
      attempts > 1
        ? `${spell(attempts).replace(/^./, (letter) => letter.toUpperCase())} Versuche sind gescheitert`
        : 'Es ließ sich nicht anlegen',
    missing: 'Ihr Postfach ist nicht zu finden'
  },
  text: {
    running: 'Das dauert einen Moment. Der Posteingang öffnet sich von selbst.',
    attempt:
      'Der erste Versuch hat nicht geklappt, das kommt vor. Ihre Anmeldung ist gespeichert; Sie müssen nichts tun und können diese Seite schließen.',
    late: 'Es dauert länger als sonst. Ihre Anmeldung ist gespeichert; Sie müssen nichts tun und können diese Seite schließen.',
    throttled: 'Der Mailserver bat um eine Pause.',
    away: 'Der Mailserver ist gerade nicht erreichbar. Nichts von Ihnen geht verloren: Ihr Postfach wird angelegt, sobald er zurück ist. Bis dahin geht Post an diese Adresse an den Absender zurück.',
    operator: 'Ein Betreiber muss erst etwas beheben. Ihre Anmeldung ist gespeichert; nichts von Ihnen geht verloren.',
    unheard: 'Ihre Anmeldung ist hier noch nicht angekommen.',
    unheardFound: (minutes: number) =>
      `Ihre Anmeldung ist hier noch nicht angekommen. Alle Konten werden alle ${count(minutes, 'Minute', 'Minuten')} geprüft; sie wird von selbst gefunden. Sie können diese Seite schließen.`,
    ready: (attempts: number, seconds: number) =>
      attempts > 1 ? `Es brauchte ${spell(attempts)} Versuche und ${duration(seconds)}.` : 'Es brauchte einen Versuch.',
    taken: 'Diese Adresse gehört schon jemandem. Wählen Sie eine andere.',
    refused: (why: string, domains: readonly string[]) =>
      `Diese Adresse kann kein Postfach bekommen: ${why}. Wählen Sie eine ${domains.length > 0 ? `bei ${domains.join(' oder ')}` : 'andere'}.`,
    chosen: (minutes: number) =>
      `Haben Sie das schon getan, findet sie die nächste Prüfung, innerhalb von ${count(minutes, 'Minute', 'Minuten')}.`,
    failed:
      'Es liegt nun mit seinem Grund in der Liste der Betreiber. Ihr Konto ist sicher, und diese Seite geht von selbst weiter, sobald es behoben ist.',
    missing:
      'Es war angelegt, und der Mailserver hat es nicht mehr. Die Betreiber erfahren davon. Ihr Konto ist sicher.'
  },
  why: {
    reserved_name: 'der Name ist reserviert',
    unsafe_local_part: 'der Teil vor dem @ hat Zeichen, die Mail nicht erlaubt',
    malformed_address: 'sie ist keine Mailadresse',
    domain_not_served: 'Post für ihre Domain wird hier nicht angenommen',
    no_address: 'Ihr Konto nennt keine Adresse',
    unknown: 'sie entspricht nicht den Regeln dieses Servers'
  },
  outcome: {
    success: 'angelegt',
    failed: 'hat nicht geklappt',
    throttled: 'der Mailserver bat um eine Pause',
    misconfigured: 'ein Betreiber muss etwas beheben',
    conflict: 'die Adresse war vergeben',
    crashed: 'brach ab',
    interrupted: 'unterbrochen'
  },
  attemptOf: (n: number, of: number) => `Versuch ${n} von ${of}.`,
  attemptOutcome: (attempt: number, outcome: string) => `Versuch ${attempt}: ${outcome}`,
  history: 'Was bisher geschah',
  nothingYet: 'Noch ist kein Versuch zu Ende.',
  open: 'Posteingang öffnen',
  choose: 'Adresse wählen',
  signOut: 'Abmelden',
  copy: (number: string) => `Nummer ${number} kopieren`,
  copied: 'Kopiert',
  notCopied: (number: string) => `Diese Seite kann sie nicht kopieren. Notieren Sie die Nummer: ${number}`,
  lost: 'Wir können gerade nicht nachsehen. Die Arbeit geht ohne diese Seite weiter.',
  offline: 'Sie sind offline. Es geht ohne Sie weiter.'
} satisfies typeof english
