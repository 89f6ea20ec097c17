import type { Widen } from '#lib/words/en.ts'
import type { absence as english } from '#lib/words/en/absence.ts'

export const absence = {
  reply: 'Automatische Antwort',
  replyHint: 'Wer Ihnen schreibt, bekommt automatisch diese Antwort',
  from: 'Von',
  fromHint: 'leer: sofort',
  to: 'Bis',
  toHint: 'leer: bis Sie sie beenden',
  subject: 'Betreff',
  subjectHint: 'leer: „Auto:“ und der Betreff der Nachricht',
  text: 'Text',
  preview: 'Was ein Absender bekommt',
  previewSubject: (subject: string) => `Auto: ${subject}`,
  sample: 'ihr Betreff',
  noText: 'Schreiben Sie, was ein Absender lesen soll.',
  wrongDates: 'Sie würde enden, bevor sie beginnt.',
  pastEnd: 'Dieses Ende ist schon vorbei.',
  tooLong: (octets: number) =>
    `Der Mailserver nimmt höchstens ${octets.toLocaleString('de')} Zeichen an, mit Umlauten weniger.`,
  who: 'Jeder Absender bekommt sie höchstens einmal in 7 Tagen. Mailinglisten, automatische Nachrichten, Spam und Nachrichten, die Ihre Adresse nicht unter An oder Cc nennen, bekommen keine Antwort.',
  whoServer: 'Wer sie bekommt und wie oft derselbe Absender, bestimmt Ihr Mailserver.',
  save: 'Speichern',
  saved: 'Gespeichert',
  on: 'Die automatische Antwort ist eingeschaltet',
  onUntil: (date: string) => `Die automatische Antwort ist bis ${date} eingeschaltet`,
  planned: (date: string) => `Die automatische Antwort beginnt am ${date}`,
  over: (date: string) => `Die automatische Antwort endete am ${date}`,
  endNow: 'Jetzt beenden',
  ended: 'Automatische Antwort beendet',
  resumed: 'Die automatische Antwort ist wieder eingeschaltet',
  notEnded: 'Die automatische Antwort konnte nicht beendet werden. Sie ist noch eingeschaltet.',
  tooLarge:
    'Nicht gespeichert: Der Mailserver nimmt nicht so viel an. Kürzen Sie den Text. Was vorher da war, gilt weiter.',
  notSaved: 'Das konnte nicht gespeichert werden. Was vorher da war, gilt weiter.',
  offline: 'Sie sind offline. Die Antwort lässt sich lesen, aber nicht ändern.',
  notLoaded: 'Ihre automatische Antwort lässt sich nicht laden.',
  tryAgain: 'Erneut versuchen',
  stops: (name: string) =>
    `Ihre Nachrichten sortiert „${name}“, das in einem anderen Programm erstellt wurde. Auf dem Mailserver läuft immer nur ein Skript: Solange die Antwort eingeschaltet ist, läuft „${name}“ nicht. Es wird nicht gelöscht, und Sie können es danach unter Filter wieder verwenden.`,
  conflict:
    'Das wurde inzwischen auf einem anderen Gerät geändert. Sehen Sie es sich an, und speichern Sie dann noch einmal.',
  inactive: 'Ihre Antwort ist gespeichert, aber der Mailserver sendet sie nicht.',
  run: 'Wieder einschalten'
} satisfies Widen<typeof english>
