import type { Widen } from '#lib/words/en.ts'
import type { reading as english } from '#lib/words/en/reading.ts'

export const reading = {
  close: 'Schließen',
  attachments: 'Anhänge',
  notHere: 'Nicht auf diesem Gerät',
  warned: 'Wegen der Warnung keine Vorschau',
  preview: (name: string) => `Vorschau von ${name}`,
  download: (name: string) => `${name} herunterladen`,
  saveAll: (n: number) => `Alle ${n.toLocaleString('de')} speichern`,
  saving: 'Wird gespeichert…',
  notSaved: 'Nicht gespeichert: Einige der Dateien ließen sich nicht laden.',
  archive: 'Anhänge',
  position: (at: number, total: number) => `${at.toLocaleString('de')} von ${total.toLocaleString('de')}`,
  previous: 'Vorheriger Anhang',
  next: 'Nächster Anhang',
  zoomIn: 'Vergrößern',
  zoomOut: 'Verkleinern',
  loading: 'Wird geladen…',
  save: 'Speichern',
  content: 'Inhalt',
  notLoaded: 'Dieser Anhang lässt sich nicht laden.',
  damaged: 'Dieses Bild lässt sich nicht zeigen. Vielleicht ist die Datei beschädigt.',
  cut: (shown: string, size: string) =>
    `Nur die ersten ${shown} von ${size} werden gezeigt. Speichern Sie die Datei, um alles zu sehen.`,
  notShown: {
    kind: 'Eine Vorschau gibt es nur für Bilder und reinen Text. Speichern Sie die Datei, um sie in einem Ihrer Programme zu öffnen.',
    svg: 'Für SVG-Dateien gibt es keine Vorschau: Anders als Fotos können sie Skripte enthalten.',
    program:
      'Diese Datei kann etwas tun, wenn sie geöffnet wird; deshalb gibt es keine Vorschau. Öffnen Sie sie nur, wenn Sie dem Absender vertrauen.',
    large: 'Dieses Bild ist zu groß für eine Vorschau.'
  },
  menu: {
    filterLike: 'Nachrichten wie diese filtern',
    forwardAsAttachment: 'Als Anhang weiterleiten',
    print: 'Drucken',
    printAll: 'Unterhaltung drucken',
    source: 'Quelltext zeigen',
    eml: 'Als .eml speichern',
    unreadFromHere: 'Ab hier als ungelesen markieren'
  },
  reported: {
    title: 'Sie haben diesen Absender gemeldet',
    text: 'Bilder und Links dieses Absenders sind gesperrt.',
    link: 'Links dieses Absenders sind gesperrt.',
    trust: 'Wieder erlauben'
  },
  tooLarge: 'Diese Nachricht ist sehr groß. Nur ihr Anfang wird gezeigt.',
  frame: {
    large: 'Diese Nachricht ist sehr groß. Sie anzuzeigen kann eine Weile dauern.',
    silent: 'Diese Nachricht ließ sich nicht rechtzeitig anzeigen. Hier ist ihr Text.',
    left: 'Diese Nachricht wollte ihren Rahmen verlassen. Hier ist ihr Text.'
  },
  unread: (n: number, folder: string) => `${folder}: ${n.toLocaleString('de')} ungelesen`,
  hint: 'Mit J und K bewegen, mit Enter öffnen.',
  gone: 'Diese Unterhaltung ist nicht mehr hier',
  expandAll: 'Alle Nachrichten aufklappen',
  collapseAll: 'Alle Nachrichten zuklappen',
  newer: 'Neuere Unterhaltung',
  older: 'Ältere Unterhaltung',
  /** in place of a message */
  body: {
    doesNotLoad: 'Diese Nachricht lässt sich nicht laden.',
    notHere: 'Diese Nachricht ist nicht auf diesem Gerät.'
  },
  earlier: (n: number) => (n === 1 ? '1 frühere Nachricht' : `${n.toLocaleString('de')} frühere Nachrichten`),
  original: 'Originalgröße',
  andMore: (n: number) => `und ${n.toLocaleString('de')} weitere`,
  /** remote pictures */
  pictures: {
    blocked: (n: number) =>
      `${n === 1 ? '1 Bild aus dem Netz ist' : `${n.toLocaleString('de')} Bilder aus dem Netz sind`} blockiert.`,
    why: 'Warum?',
    never: 'Ihre Einstellungen sagen, dass nie eines geladen wird.',
    showOnce: 'Einmal zeigen',
    always: 'Immer von diesem Absender',
    /** why no remote image is loaded */
    reason:
      'Ein Bild aus dem Netz verrät dem Absender, dass, wann und aus welchem Netz Sie die Nachricht geöffnet haben. Postroom lädt keines, bevor Sie zustimmen.'
  },
  link: {
    title: 'Diesen Link öffnen?',
    leadsTo: 'Er führt zu',
    open: 'Öffnen',
    cancel: 'Abbrechen'
  },
  suspicious: {
    question: 'Diesem Absender antworten?',
    wouldGo: 'Dieser Absender ist verdächtig. Ihre Antwort ginge an',
    anyway: 'Trotzdem antworten'
  },
  source: {
    title: 'Quelltext der Nachricht',
    cut: (shown: string, size: string) => `Nur die ersten ${shown} von ${size} werden gezeigt.`,
    copy: 'Kopieren',
    copied: 'Kopiert',
    notCopied: 'Nicht kopiert. Markieren Sie stattdessen den Text.',
    notLoaded: 'Der Quelltext lässt sich nicht laden.'
  },
  details: {
    from: 'Von',
    to: 'An',
    cc: 'Cc',
    replyTo: 'Antwort an',
    date: 'Datum',
    list: 'Liste',
    signedBy: 'Signiert von',
    size: 'Größe'
  },
  notFiltered: 'Der Filter lässt sich nicht laden. Prüfen Sie Ihre Verbindung.',
  unsubscribe: {
    short: 'Abbestellen',
    name: (sender: string) => `${sender} abbestellen`,
    done: (sender: string) => `${sender} wurde gebeten, Sie auszutragen.`,
    question: (sender: string) => `${sender} abbestellen?`,
    notConfirmed:
      'Diese Liste lässt sich nicht mit einem Klick abbestellen: Die Adresse dafür ist ungeeignet, oder keine bestätigte Signatur deckt sie ab.',
    notTaken: 'Die Liste hat die Anfrage nicht angenommen.',
    silent: 'Die Liste hat nicht rechtzeitig geantwortet. Vielleicht hat sie die Anfrage dennoch angenommen.',
    byPage: 'Sie können sich auf dieser Seite abmelden; sie öffnet sich in einem neuen Tab:',
    byMail: 'Sie können der Liste schreiben. Sie sehen die Nachricht, bevor sie gesendet wird:',
    write: 'Nachricht schreiben',
    open: 'Seite öffnen',
    cancel: 'Abbrechen'
  },
  /** beside an address: as whose it is taken */
  imitates: (name: string) => `Sieht aus wie ${name}, ist es aber nicht`,
  warning: {
    reported: 'Als Phishing gemeldet und in den Spam verschoben.',
    report: 'Phishing melden',
    failed: 'Dieser Absender ließ sich nicht bestätigen',
    failedText: (address: string) =>
      `Der Mailserver hat geprüft, ob diese Nachricht wirklich von ${address} kommt, und die Prüfung schlug fehl. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    notFromYou: 'Angeblich kommt das von Ihnen',
    notFromYouText: (address: string) =>
      `Der Mailserver hat geprüft, ob diese Nachricht wirklich von ${address} kommt, Ihrer eigenen Adresse, und die Prüfung schlug fehl. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    lookalike: (name: string) => `Das ist vielleicht nicht ${name}`,
    lookalikeText: (known: string, now: string) =>
      `Andere Nachrichten dieser Unterhaltung kamen von ${known}. Diese kam von ${now}. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    nameIsAddress: 'Der Name verbirgt eine andere Adresse',
    nameIsAddressText: (shown: string, real: string) =>
      `Der Absender nennt sich ${shown}, aber die Nachricht kam von ${real}. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    replyElsewhere: 'Eine Antwort ginge woandershin',
    replyElsewhereText: (from: string, to: string) =>
      `Die Nachricht kam von ${from} und ließ sich nicht bestätigen; eine Antwort ginge an ${to}.`,
    known: 'Ich kenne diesen Absender',
    disguised: 'Diese Adresse ahmt eine andere nach',
    disguisedText: (shown: string, real: string) =>
      `Die Nachricht kam von ${shown}, geschrieben mit Buchstaben, die wie andere aussehen. Der wirkliche Name ist ${real}. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    nearMiss: 'Diese Adresse ist fast eine, die Sie kennen',
    nearMissText: (known: string, now: string) =>
      `Sie kennen ${known}. Diese Nachricht kam von ${now}. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    namesakeText: (name: string, known: string, now: string) =>
      `Sie kennen ${name} als ${known}. Diese Nachricht kam von ${now}. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`,
    newAddress: (name: string) => `Eine neue Adresse von ${name}`,
    newAddressText: (known: string, now: string) =>
      `Sie kennen diesen Namen mit der Adresse ${known}. Diese Nachricht kam von ${now}.`,
    linkElsewhere: 'Ein Link führt woandershin, als er sagt',
    linkElsewhereText: (shown: string, target: string) =>
      `Er nennt ${shown} und würde ${target} öffnen. Links öffnen sich erst, wenn Sie ihr Ziel gesehen haben.`
  },
  notPrinted: 'Nicht gedruckt: Die Nachricht ließ sich nicht laden.'
} satisfies Widen<typeof english>
