import type { actions as english } from '#lib/words/en/actions.ts'

const count = (n: number) => n.toLocaleString('de')
const conversations = (n: number) => `${count(n)} ${n === 1 ? 'Unterhaltung' : 'Unterhaltungen'}`

export const actions = {
  commands: {
    next: 'Nächste Unterhaltung',
    previous: 'Vorige Unterhaltung',
    nextMessage: 'Nächste Nachricht',
    previousMessage: 'Vorige Nachricht',
    open: 'Öffnen',
    back: 'Zurück zur Liste',
    goInbox: 'Zum Posteingang',
    goStarred: 'Zu den markierten',
    goDrafts: 'Zu den Entwürfen',
    goSent: 'Zu den gesendeten',
    goAll: 'Zu allen Nachrichten',
    goTo: 'Zu einem Ordner oder Label',
    archive: 'Archivieren',
    delete: 'Löschen',
    spam: 'Als Spam melden',
    star: 'Stern',
    move: 'Verschieben',
    label: 'Label',
    takeOut: 'Aus dieser Ansicht nehmen',
    read: 'Als gelesen markieren',
    unread: 'Als ungelesen markieren',
    archiveNewer: 'Archivieren, dann zur neueren',
    archiveOlder: 'Archivieren, dann zur älteren',
    more: 'Weitere Aktionen',
    undo: 'Rückgängig',
    select: 'Auswählen',
    widenOlder: 'Auswahl nach unten erweitern',
    widenNewer: 'Auswahl nach oben erweitern',
    selectAll: 'Alle auswählen',
    selectNone: 'Keine auswählen',
    selectRead: 'Gelesene auswählen',
    selectUnread: 'Ungelesene auswählen',
    selectStarred: 'Markierte auswählen',
    selectUnstarred: 'Nicht markierte auswählen',
    endSelection: 'Auswahl beenden',
    reply: 'Antworten',
    expandAll: 'Alle Nachrichten aufklappen',
    collapseAll: 'Alle Nachrichten zuklappen',
    keys: 'Tastaturkürzel'
  },
  notSpam: 'Kein Spam',
  unstar: 'Stern entfernen',
  destroy: 'Endgültig löschen',
  toolbar: 'Aktionen',
  onMany: (name: string, n: number) => `${name}: ${conversations(n)}`,
  selected: (n: number) => `${count(n)} ausgewählt`,
  allSelected: (n: number) => `Alle ${count(n)} ausgewählt`,
  selectAll: (n: number) => `Alle ${count(n)} auswählen`,
  selectAllIn: (n: number, folder: string) => `Alle ${count(n)} in ${folder} auswählen`,
  onlyThese: (n: number) => `Nur diese ${count(n)}`,
  short: {
    archive: 'Archiv',
    delete: 'Löschen',
    read: 'Gelesen',
    unread: 'Ungelesen',
    move: 'Ordner',
    more: 'Mehr'
  },
  said: {
    archived: (n: number) => (n === 1 ? 'Unterhaltung archiviert' : `${conversations(n)} archiviert`),
    moved: (folder: string) => `Nach ${folder} verschoben`,
    deleted: 'In den Papierkorb verschoben',
    destroyed: (n: number) => `${count(n)} endgültig gelöscht`,
    spam: 'Als Spam gemeldet',
    notSpam: 'Zurück in den Posteingang verschoben',
    read: (n: number) => (n === 1 ? 'Als gelesen markiert' : `${count(n)} als gelesen markiert`),
    unread: (n: number) => (n === 1 ? 'Als ungelesen markiert' : `${count(n)} als ungelesen markiert`),
    starred: (n: number) => (n === 1 ? 'Mit Stern markiert' : `${count(n)} mit Stern markiert`),
    unstarred: (n: number) => (n === 1 ? 'Stern entfernt' : `Stern von ${count(n)} entfernt`),
    labelled: (label: string) => `Label ${label} hinzugefügt`,
    unlabelled: (label: string) => `Label ${label} entfernt`,
    undone: 'Rückgängig gemacht',
    waits: 'Vorgemerkt. Wird erledigt, sobald Sie online sind.',
    refused: 'Das wurde nicht übernommen.',
    conflict: (n: number) =>
      n === 1
        ? 'Diese Unterhaltung wurde inzwischen anderswo verschoben.'
        : `${conversations(n)} wurden inzwischen anderswo verschoben.`
  },
  doing: {
    archive: 'Archivieren',
    delete: 'In den Papierkorb verschieben',
    destroy: 'Endgültig löschen',
    spam: 'Als Spam melden',
    notSpam: 'Zurück in den Posteingang verschieben',
    read: 'Als gelesen markieren',
    unread: 'Als ungelesen markieren',
    star: 'Mit Stern markieren',
    unstar: 'Sterne entfernen',
    move: (folder: string) => `Nach ${folder} verschieben`,
    label: (label: string) => `Label ${label} hinzufügen`,
    unlabel: (label: string) => `Label ${label} entfernen`
  },
  progress: (doing: string, done: number, total: number | null) =>
    total === null ? `${doing}…` : `${doing}: ${count(done)} von ${count(total)}`,
  stop: 'Anhalten',
  stopped: (done: number, total: number | null) =>
    total === null
      ? `Angehalten. ${count(done)} sind erledigt.`
      : `Angehalten. ${count(done)} von ${count(total)} sind erledigt.`,
  failed: (done: number) => `Das endete vorzeitig. ${count(done)} sind erledigt.`,
  destroyQuestion: (n: number | null) => (n === null ? 'Endgültig löschen?' : `${conversations(n)} endgültig löschen?`),
  destroyText: 'Sie werden vom Mailserver entfernt. Das lässt sich nicht rückgängig machen.',
  destroyButton: (n: number | null) => (n === null ? 'Endgültig löschen' : `${count(n)} endgültig löschen`),
  bulkQuestion: (doing: string, n: number) => `${doing}: ${conversations(n)}?`,
  bulkText: 'Das sind zu viele, um es danach rückgängig zu machen.',
  bulkButton: 'Fortfahren',
  cancel: 'Abbrechen',
  close: 'Schließen',
  picker: {
    move: (n: number | null) => (n === null ? 'Alle verschieben nach' : `${conversations(n)} verschieben nach`),
    label: (n: number | null) => (n === null ? 'Label für alle' : `Label für ${conversations(n)}`),
    go: 'Gehe zu',
    find: 'Namen eingeben',
    newFolder: (name: string) => `Neuer Ordner „${name}“`,
    newLabel: (name: string) => `Neues Label „${name}“`,
    has: 'vergeben',
    nothing: 'Nichts hat diesen Namen.',
    failed: 'Das hat nicht geklappt. Nichts wurde geändert.'
  },
  sheet: {
    find: 'Kürzel suchen',
    groups: { walk: 'Bewegen', sort: 'Ordnen', select: 'Auswählen', write: 'Schreiben' },
    then: 'dann',
    on: 'Kürzel aus einer Taste sind an.',
    off: 'Kürzel aus einer Taste sind aus.',
    why: 'Schalten Sie sie aus, wenn Sie mit dem Computer sprechen oder die Tasten eines Bildschirmlesers nutzen.',
    space: 'Leertaste',
    shift: 'Umschalt'
  },
  view: {
    title: 'Sortieren und Ansicht',
    sortBy: 'Sortieren nach',
    sorts: { receivedAt: 'Datum', from: 'Absender', subject: 'Betreff', size: 'Größe' },
    ascending: 'Aufsteigend',
    descending: 'Absteigend',
    density: 'Zeilen',
    densities: { comfortable: 'Bequem', compact: 'Kompakt' },
    pane: 'Lesebereich'
  },
  dragged: conversations
} satisfies typeof english
