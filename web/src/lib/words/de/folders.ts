/** Menus and dialogs of folders and labels, and what was done to them. */
import type { Widen } from '#lib/words/en.ts'
import type { folders as english } from '#lib/words/en/folders.ts'

const plural = (n: number, one: string, many: string) => `${n.toLocaleString('de')} ${n === 1 ? one : many}`

export const folders: Widen<typeof english> = {
  menu: {
    newInside: 'Neuer Ordner darin',
    rename: 'Umbenennen',
    move: 'Verschieben',
    allRead: 'Alle als gelesen markieren',
    empty: 'Leeren',
    remove: 'Ordner löschen',
    edit: 'Name und Farbe',
    removeLabel: 'Label löschen'
  },
  needsConnection: 'Dazu braucht es eine Verbindung.',
  notAllowed: 'Der Mailserver erlaubt das bei diesem Ordner nicht.',
  cancel: 'Abbrechen',
  name: 'Name',
  create: {
    title: 'Neuer Ordner',
    inside: 'In',
    top: 'Oberste Ebene',
    do: 'Anlegen'
  },
  rename: { title: (name) => `„${name}“ umbenennen`, do: 'Umbenennen' },
  move: { title: (name) => `„${name}“ verschieben`, inside: 'Verschieben nach', do: 'Verschieben' },
  remove: {
    title: (name) => `Den Ordner „${name}“ löschen?`,
    inside: (n) => `${plural(n, 'Ordner darin wird', 'Ordner darin werden')} ebenfalls gelöscht.`,
    mail: (n) =>
      `${plural(n, 'Nachricht bleibt', 'Nachrichten bleiben')} erhalten und ${n === 1 ? 'wird' : 'werden'} vorher verschoben nach`,
    nothing: 'Er enthält keine Nachrichten.',
    do: 'Ordner löschen'
  },
  empty: {
    title: (name) => `${name} leeren?`,
    text: (n) =>
      `${plural(n, 'Nachricht wird', 'Nachrichten werden')} endgültig gelöscht. Das lässt sich nicht rückgängig machen.`,
    do: (n) => `${n.toLocaleString('de')} endgültig löschen`
  },
  label: {
    create: 'Neues Label',
    edit: (name) => `Label „${name}“`,
    colour: 'Farbe',
    colours: { 1: 'Rot', 2: 'Ocker', 3: 'Grün', 4: 'Türkis', 5: 'Blau', 6: 'Violett', 7: 'Rosa', 8: 'Grau' },
    do: 'Speichern'
  },
  wrong: {
    empty: 'Bitte geben Sie einen Namen ein.',
    long: 'Dieser Name ist zu lang.',
    taken: 'Diesen Namen gibt es schon.',
    unfit: 'Diesen Namen nimmt der Mailserver nicht an.',
    tooMany: 'Für ein weiteres Label ist kein Platz. Löschen Sie eines, das Sie nicht brauchen.'
  },
  done: {
    created: (name) => `Ordner ${name} angelegt`,
    renamed: (name) => `In ${name} umbenannt`,
    moved: (name) => `Ordner ${name} verschoben`,
    labelRemoved: (name) => `Label ${name} gelöscht. Seine Nachrichten bleiben, wo sie sind.`,
    removed: (name) => `Ordner ${name} gelöscht`,
    empty: (n) => `${n.toLocaleString('de')} endgültig gelöscht`,
    read: (n) => `${n.toLocaleString('de')} als gelesen markiert`,
    unread: (n) => `${n.toLocaleString('de')} als ungelesen markiert`
  },
  undone: 'Rückgängig gemacht',
  failed: {
    changed: 'Nichts wurde geändert.',
    mailboxHasChild: 'Der Ordner wurde nicht gelöscht: Inzwischen wurde darin ein anderer angelegt.',
    stoppedAt: (done, total) => `${done.toLocaleString('de')} von ${total.toLocaleString('de')} sind erledigt.`
  },
  running: {
    remove: 'Verschieben',
    empty: 'Löschen',
    read: 'Als gelesen markieren',
    unread: 'Als ungelesen markieren',
    of: (what, done, total) => `${what}: ${done.toLocaleString('de')} von ${total.toLocaleString('de')}`,
    stop: 'Anhalten',
    stopped: (done, total) =>
      `Angehalten. ${done.toLocaleString('de')} von ${total.toLocaleString('de')} sind erledigt.`
  }
}
