import type { Widen } from '#lib/words/en.ts'
import type { settings as english } from '#lib/words/en/settings.ts'

const number = (n: number) => n.toLocaleString('de')

export const settings: Widen<typeof english> = {
  settings: 'Einstellungen',
  back: 'Zurück zur Post',
  allSettings: 'Alle Einstellungen',
  title: (section) => `${section} – Einstellungen – Postroom`,
  sections: {
    general: 'Allgemein',
    identities: 'Identitäten und Signaturen',
    filters: 'Filter',
    absence: 'Abwesenheit',
    folders: 'Ordner und Labels',
    keyboard: 'Tastatur',
    devices: 'Geräte',
    tokens: 'Zugriffstoken',
    security: 'Anmeldung und Sicherheit'
  },
  saved: 'Jede Änderung wird sofort gespeichert und gilt auf all Ihren Geräten.',
  waiting: 'Auf diesem Gerät gespeichert. Ihre anderen Geräte erfahren es, sobald Sie wieder online sind.',
  notSaved: 'Nur auf diesem Gerät gespeichert. Der nächste Versuch kommt von selbst.',
  full: 'Nur auf diesem Gerät gespeichert: Für weitere Einstellungen ist kein Platz. Entfernen Sie unten einige Absender, dann wird gespeichert.',
  signInBeside:
    'Sie wurden abgemeldet. Melden Sie sich in einem neuen Tab an und kommen Sie hierher zurück: Was Sie geschrieben haben, bleibt.',
  needsConnection: 'Sie sind offline. Dafür ist eine Verbindung nötig.',
  appearance: {
    title: 'Darstellung',
    theme: 'Farben',
    themeHint: 'System richtet sich nach Ihrem Gerät',
    themes: { system: 'System', light: 'Hell', dark: 'Dunkel' },
    rows: 'Zeilen',
    rowsHint: 'Bequem hat in einer schmalen Liste zwei Zeilen, kompakt immer eine',
    densities: { comfortable: 'Bequem', compact: 'Kompakt' },
    language: 'Sprache',
    formats: 'Datum und Uhrzeit',
    formatsHint: (example) => `Zum Beispiel ${example}`,
    usual: 'Wie in dieser Sprache üblich'
  },
  reading: {
    title: 'Lesen',
    pane: 'Lesebereich',
    paneHint: 'Ohne ihn füllt eine Unterhaltung das Fenster',
    panes: { right: 'Neben der Liste', off: 'Aus' },
    markRead: 'Als gelesen markieren',
    markReadHint: 'Wenn eine Unterhaltung geöffnet ist',
    marks: { now: 'Sofort', later: 'Nach 2 Sekunden', never: 'Nur auf Wunsch' },
    after: 'Nach dem Archivieren oder Löschen',
    afterHint: 'Wohin es geht',
    afters: { older: 'Nächste ältere Unterhaltung', newer: 'Nächste neuere Unterhaltung', list: 'Zurück zur Liste' }
  },
  touch: {
    title: 'Wischen',
    end: 'Wischen zum Ende',
    endHint: 'Nach rechts, wo Text von links nach rechts läuft',
    start: 'Wischen zum Anfang',
    does: {
      archive: 'Archivieren',
      read: 'Als gelesen oder ungelesen markieren',
      delete: 'Löschen',
      star: 'Mit Stern markieren',
      nothing: 'Nichts'
    }
  },
  notifications: {
    title: 'Benachrichtigungen',
    newMail: 'Neue Post im Posteingang',
    allowed: 'Auf diesem Gerät, während Sie etwas anderes ansehen',
    denied:
      'Dieser Browser erlaubt dieser Seite keine Benachrichtigungen. Das lässt sich in seinen Einstellungen ändern.',
    unsupported: 'Dieser Browser kennt keine Benachrichtigungen.',
    content: 'Absender und Betreff zeigen',
    contentHint: 'Auch auf dem Sperrbildschirm'
  },
  privacy: {
    title: 'Privatsphäre',
    pictures: 'Externe Bilder',
    picturesHint: 'Ein geladenes Bild verrät dem Absender, dass, wann und von wo aus Sie lesen',
    asks: { ask: 'Jedes Mal fragen', never: 'Nie laden' },
    allowed: 'Absender, deren Bilder geladen werden',
    warnings: 'Absender, die Sie trotz Warnung kennen',
    reported: 'Absender, die Sie gemeldet haben',
    nobody: 'Keine',
    some: (first, more) => (more > 0 ? `${first} und ${number(more)} weitere` : first),
    look: 'Durchsehen…',
    lookAt: (what) => `Durchsehen: ${what}`,
    find: 'Suchen',
    remove: 'Entfernen',
    removeOne: (what) => `${what} entfernen`,
    nothingFound: 'Nichts gefunden',
    done: 'Fertig',
    failed: 'Das hat nicht geklappt. Nichts wurde geändert.'
  },
  sending: {
    title: 'Senden',
    undo: 'Zeit zum Rückgängigmachen',
    undoHint: 'So lange wartet Ihre Nachricht, bevor sie gesendet wird',
    off: 'Aus',
    seconds: (n) => `${n} s`,
    reply: 'Antworten',
    replyHint: 'Was die Schaltfläche bei mehreren Personen tut',
    replies: { reply: 'Antworten', all: 'Allen antworten' }
  },
  keyboard: {
    title: 'Einzelne Tasten',
    single: 'Tasten ohne Strg',
    singleHint:
      'Schalten Sie sie aus, wenn Sie diktieren oder Tasten versehentlich drücken. Tasten mit Strg und Escape wirken immer.'
  },
  folders: {
    folders: 'Ordner',
    newFolder: 'Neuer Ordner',
    labels: 'Labels',
    newLabel: 'Neues Label',
    noFolders: 'Sie haben keine eigenen Ordner.',
    noLabels: 'Sie haben keine Labels. Eine Unterhaltung kann mehrere haben.',
    change: 'Ändern…',
    changeOne: (name) => `${name} ändern`
  }
}
