import type { mail as english } from '#lib/words/en/mail.ts'

const plural = (n: number, one: string, many: string) => `${n.toLocaleString('de')} ${n === 1 ? one : many}`

export const mail = {
  locale: 'de',
  me: 'ich',
  navigation: 'Ordner',
  conversations: 'Unterhaltungen',
  message: 'Nachricht',
  notices: 'Hinweise',
  title: (unread: number, mailbox: string, address: string) =>
    `${unread > 0 ? `(${unread}) ` : ''}${mailbox} – ${address}`,
  skipToList: 'Zu den Unterhaltungen',
  skipToMessage: 'Zur Nachricht',
  openMailboxes: 'Ordner',
  closeMailboxes: 'Schließen',
  account: 'Konto',
  settings: 'Einstellungen',
  signOut: 'Abmelden',
  folders: 'Ordner',
  roles: {
    inbox: 'Posteingang',
    archive: 'Archiv',
    drafts: 'Entwürfe',
    sent: 'Gesendet',
    junk: 'Spam',
    trash: 'Papierkorb'
  },
  unreadCount: (n: number) => `${n.toLocaleString('de')} ungelesen`,
  draftCount: (n: number) => plural(n, 'Entwurf', 'Entwürfe'),
  total: (n: number) => n.toLocaleString('de'),
  quota: (used: string, limit: string) => `${used} von ${limit}`,
  almostFull: 'Fast voll',
  live: { connecting: 'Verbindet…', live: 'Live', offline: 'Offline' },
  tryNow: 'Jetzt versuchen',
  asOf: (time: string) => `Stand ${time}`,
  groups: { today: 'Heute', yesterday: 'Gestern', lastWeek: 'Letzte Woche' },
  newMail: (n: number) => `${n.toLocaleString('de')} neu`,
  arrivedIn: (n: number, mailbox: string) => `${plural(n, 'neue Unterhaltung', 'neue Unterhaltungen')} in ${mailbox}`,
  emptyInbox: 'Nichts mehr zu tun',
  emptyInboxHint: 'Neue Nachrichten erscheinen hier, sobald sie eintreffen.',
  emptyMailbox: 'Hier ist keine Nachricht',
  noSubject: '(kein Betreff)',
  nobody: '(kein Absender)',
  draft: 'Entwurf',
  draftTo: (people: string) => `an ${people}`,
  row: {
    unread: 'Ungelesen',
    starred: 'Markiert',
    warning: 'Warnung: Absender nicht bestätigt',
    draft: 'Entwurf',
    messages: (n: number) => plural(n, 'Nachricht', 'Nachrichten'),
    attachment: 'Anhang',
    answered: 'Beantwortet',
    forwarded: 'Weitergeleitet',
    loading: 'Wird geladen'
  },
  reader: {
    position: (at: number, total: number) => `${at.toLocaleString('de')} von ${total.toLocaleString('de')}`,
    newer: 'Neuere Unterhaltung',
    older: 'Ältere Unterhaltung',
    back: 'Zurück zur Liste',
    unread: (n: number, mailbox: string) => `${n.toLocaleString('de')} ungelesen in ${mailbox}`,
    hint: 'Mit J und K bewegen, mit Enter öffnen.',
    expandAll: 'Alle Nachrichten aufklappen',
    collapseAll: 'Alle Nachrichten zuklappen',
    earlier: (n: number) => plural(n, 'frühere Nachricht', 'frühere Nachrichten'),
    gone: 'Diese Unterhaltung ist nicht mehr hier',
    to: (people: string) => `an ${people}`,
    details: 'Details',
    from: 'Von',
    toLabel: 'An',
    cc: 'Kopie',
    date: 'Datum',
    replyToLabel: 'Antwort an',
    frameTitle: (person: string, time: string) => `Nachricht von ${person}, ${time}`,
    loading: 'Die Nachricht wird geladen…',
    doesNotLoad: 'Diese Nachricht lässt sich nicht laden.',
    tooLarge: 'Diese Nachricht ist sehr groß. Nur ihr Anfang wird gezeigt.',
    showAll: 'Alles zeigen',
    leftFrame: 'Diese Nachricht wollte ihren Rahmen verlassen. Hier ist ihr Text.',
    showQuoted: 'Zitierten Text zeigen',
    attachments: 'Anhänge',
    download: 'Herunterladen',
    blocked: (n: number) =>
      `${n === 1 ? '1 Bild aus dem Netz ist' : `${n.toLocaleString('de')} Bilder aus dem Netz sind`} blockiert.`,
    why: 'Warum?',
    whyText:
      'Ein Bild aus dem Netz verrät dem Absender, dass, wann und aus welchem Netz Sie die Nachricht geöffnet haben. Postroom lädt keines, bevor Sie es sagen.',
    showOnce: 'Einmal zeigen',
    always: (name: string) => `Immer von ${name}`
  },
  warning: {
    failed: 'Dieser Absender ließ sich nicht bestätigen',
    failedText: (address: string) =>
      `Der Mailserver hat geprüft, ob diese Nachricht wirklich von ${address} kommt, und die Prüfung schlug fehl. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    lookalike: (name: string) => `Das ist vielleicht nicht ${name}`,
    lookalikeText: (known: string, now: string) =>
      `Andere Nachrichten dieser Unterhaltung kamen von ${known}. Diese kam von ${now}. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    nameIsAddress: 'Der Name verbirgt eine andere Adresse',
    nameIsAddressText: (shown: string, real: string) =>
      `Der Absender nennt sich ${shown}, aber die Nachricht kam von ${real}. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    replyElsewhere: 'Eine Antwort ginge woandershin',
    replyElsewhereText: (from: string, to: string) =>
      `Die Nachricht kam von ${from} und ließ sich nicht bestätigen; eine Antwort ginge an ${to}.`,
    known: 'Ich kenne diesen Absender'
  },
  link: {
    title: 'Diesen Link öffnen?',
    leadsTo: 'Er führt zu',
    open: 'Öffnen',
    cancel: 'Abbrechen'
  },
  reply: {
    reply: 'Antworten',
    label: 'Ihre Antwort',
    to: (people: string) => `An ${people}`,
    send: 'Senden',
    sending: 'Wird gesendet…',
    sent: 'Gesendet',
    notSent: 'Nicht gesendet. Ihr Text bleibt erhalten.',
    discard: 'Verwerfen',
    quoted: (time: string, person: string) => `Am ${time} schrieb ${person}:`,
    empty: 'Schreiben Sie erst etwas.'
  },
  trouble: {
    no_session: 'Sie wurden abgemeldet. Was Sie geschrieben haben, bleibt erhalten.',
    mail_server_away: 'Der Mailserver antwortet nicht.',
    kratos_away: 'Die Anmeldung ist kurz nicht erreichbar. Sie bleiben angemeldet.',
    postroom_away: 'Postroom ist kurz nicht erreichbar.',
    misconfigured: 'Ein Betreiber muss etwas beheben. Was schon hier ist, können Sie lesen.',
    limit: 'Der Mailserver bittet um eine kurze Pause.',
    offline: 'Sie sind offline. Was auf diesem Gerät liegt, können Sie lesen.',
    refused: 'Der Mailserver lehnt das ab.',
    over_quota: 'Ihr Postfach ist voll.',
    gone: 'Das wurde inzwischen gelöscht oder verschoben.',
    may_not_send: 'Von dieser Adresse dürfen Sie nicht senden.',
    refused_recipients: 'Niemand hat das bekommen. Der Mailserver sagt:',
    sent_in_part: 'Das wurde gesendet, aber nicht alle haben es bekommen. Der Mailserver sagt:',
    outcome_unknown:
      'Es kam keine Antwort, also ist nicht bekannt, ob das gesendet wurde. Wenn Sie erneut senden, sehen wir zuerst nach: niemand bekommt es doppelt.',
    unknown: 'Das hat nicht geklappt. Nichts wurde geändert.',
    nextTry: (seconds: number) => `Nächster Versuch in ${seconds} s.`,
    signIn: 'Anmelden',
    reference: (id: string) => `Nummer für den Support: ${id}`
  }
} satisfies typeof english
