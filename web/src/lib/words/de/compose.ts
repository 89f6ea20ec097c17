import type { Widen } from '#lib/words/en.ts'
import type { compose as english } from '#lib/words/en/compose.ts'

const count = (n: number) => n.toLocaleString('de')
const plural = (n: number, one: string, many: string) => `${count(n)} ${n === 1 ? one : many}`

export const compose: Widen<typeof english> = {
  newMessage: 'Neue Nachricht',
  windows: 'Nachrichten, die Sie schreiben',
  undo: 'Rückgängig',
  cancel: 'Abbrechen',
  minimise: 'Verkleinern',
  fullSize: 'Volle Größe',
  ownWindow: 'In eigenem Fenster öffnen',
  close: 'Speichern und schließen',
  tab: (subject: string) => `Weiterschreiben: ${subject}`,
  more: 'Mehr',
  save: {
    saving: 'Wird gespeichert …',
    saved: (time: string) => `Gespeichert ${time}`,
    device: 'Auf diesem Gerät gespeichert',
    failed: 'Nicht gespeichert'
  },
  fields: { from: 'Von', to: 'An', cc: 'Cc', bcc: 'Bcc', subject: 'Betreff', text: 'Nachricht' },
  showCopies: 'Cc und Bcc anzeigen',
  suggestions: 'Vorschläge',
  folded: (n: number) => `und ${plural(n, 'weitere Person', 'weitere Personen')}`,
  recipient: (name: string, address: string) => `${name}, ${address}`,
  invalid: (text: string) => `${text} ist noch keine Adresse`,
  remove: (name: string) => `${name} entfernen`,
  edit: 'Bearbeiten',
  moveTo: (list: string) => `Nach „${list}“ verschieben`,
  showQuoted: 'Zitierten Text anzeigen',
  quotedWhole: 'Die zitierte Nachricht steht hier vollständig. Teile davon waren beim Lesen vielleicht nicht zu sehen.',
  format: {
    bar: 'Formatierung',
    bold: 'Fett',
    italic: 'Kursiv',
    list: 'Aufzählung',
    numbers: 'Nummerierte Liste',
    quote: 'Zitat',
    link: 'Link',
    picture: 'Bild einfügen',
    attach: 'Dateien anhängen'
  },
  link: {
    title: 'Wohin führt der Link?',
    address: 'Adresse',
    wrong: 'Das ist keine Adresse einer Webseite, einer Person oder eines Telefons.',
    set: 'Link setzen',
    remove: 'Link entfernen'
  },
  plain: 'Nur Text',
  rich: 'Formatierter Text',
  askPlain: {
    title: 'Formatierung entfernen?',
    text: 'Nur Text kennt weder fette Schrift noch Listen, Links oder Bilder. Die Wörter bleiben.',
    do: 'Formatierung entfernen'
  },
  receipt: 'Lesebestätigung anfordern',
  noReceipt: 'Keine Lesebestätigung anfordern',
  discard: 'Entwurf verwerfen',
  discarded: 'Entwurf verworfen',
  back: 'Der Entwurf ist wieder da',
  drop: 'Dateien hier ablegen, um sie anzuhängen',
  hide: 'Ausblenden',
  files: {
    pasted: 'Was Sie eingefügt haben, ist zu lang, um es hier zu bearbeiten. Es ist als Datei angehängt.',
    pastedName: 'Eingefügter Text.txt',
    list: 'Anhänge',
    progress: (percent: string) => `${percent} hochgeladen`,
    cancel: (name: string) => `Hochladen von ${name} abbrechen`,
    remove: (name: string) => `${name} entfernen`,
    failed: 'Nicht hochgeladen',
    again: 'Erneut versuchen',
    tooLarge: (name: string, most: string) => `${name} ist größer als die ${most}, die der Mailserver annimmt.`,
    tooMuch: (name: string, most: string) =>
      `${name} wurde nicht angehängt: Alle Dateien einer Nachricht dürfen zusammen ${most} haben.`,
    refused: (name: string) => `${name} wurde nicht angehängt.`
  },
  send: 'Senden',
  sending: 'Wird gesendet …',
  waiting: 'Wartet auf die Verbindung',
  later: {
    title: 'Später senden',
    tonight: 'Heute Abend',
    tomorrow: 'Morgen früh',
    monday: 'Montag früh',
    pick: 'Datum und Uhrzeit wählen …',
    held: (zone: string) =>
      `Wartet auf dem Mailserver und wird auch gesendet, wenn dieses Gerät ausgeschaltet ist. Zeitzone: ${zone}.`,
    when: 'Datum und Uhrzeit',
    tooLate: (until: string) => `Der Mailserver bewahrt eine Nachricht höchstens bis ${until} auf.`,
    past: 'Dieser Zeitpunkt ist vorbei.'
  },
  objection: {
    nobody: 'Geben Sie zuerst an, wer die Nachricht bekommt.',
    notAddresses: (texts: string) => `Noch keine Adresse: ${texts}`,
    uploading: (names: string) => `Wird noch hochgeladen: ${names}. Senden Sie danach erneut.`,
    uploadFailed: (names: string) =>
      `Nicht hochgeladen: ${names}. Versuchen Sie es erneut, oder entfernen Sie die Datei.`,
    noAttachment: (word: string) => `Sie erwähnen einen Anhang („${word}“), es ist aber keiner dabei.`,
    noSubject: 'Diese Nachricht hat keinen Betreff.',
    anyway: 'Trotzdem senden'
  },
  unknown: {
    text: 'Wir wissen nicht, ob die Nachricht gesendet wurde.',
    again: 'Erneut senden',
    keep: 'Als Entwurf behalten'
  },
  elsewhere: { text: 'Diese Nachricht wird in einem anderen Tab geschrieben.', takeOver: 'Hier weiterschreiben' },
  conflict: {
    changed: 'Auch ein anderes Gerät hat diesen Entwurf geändert. Beide Fassungen liegen in den Entwürfen.',
    sent: 'Ein anderes Gerät hat diesen Entwurf gesendet. Was Sie seitdem geschrieben haben, bleibt erhalten.'
  },
  notSent: 'Nicht gesendet.',
  hideReason: 'Hinweis ausblenden',
  reasons: {
    not_kept:
      'Dieser Browser konnte auf diesem Gerät nicht festhalten, dass die Nachricht gesendet wird; vielleicht ist sein Speicher voll. Schaffen Sie Platz und senden Sie noch einmal, oder senden Sie sie aus einem anderen Browser.',
    identity_gone:
      'Die Adresse, von der sie gesendet werden sollte, gehört Ihnen nicht mehr. Senden Sie noch einmal, um sie von Ihrer eigenen zu senden.',
    tooLarge: 'Die Nachricht ist zu groß für den Mailserver.',
    blobNotFound:
      'Der Mailserver hat einige ihrer Dateien nicht mehr. Senden Sie noch einmal, sobald sie hochgeladen sind.',
    draft_changed: 'Senden Sie noch einmal, wenn diese Fassung die richtige ist.',
    draft_sent: 'Senden Sie noch einmal, wenn sie ein weiteres Mal gesendet werden soll.',
    already_sent:
      'Sie ist schon früher hinausgegangen. Senden Sie noch einmal, wenn sie ein weiteres Mal gesendet werden soll.',
    tooManyRecipients: 'Das sind mehr Empfänger, als der Mailserver auf einmal annimmt.'
  },
  reachedNobody: 'Niemand hat das bekommen. Der Mailserver sagt:',
  notSaved: 'Nicht gespeichert. Kopieren Sie Ihren Text, bevor Sie diese Seite verlassen.',
  from: { mayNot: (address: string) => `Sie dürfen nicht als ${address} senden.` },
  own: {
    title: (subject: string) => `${subject} – Postroom`,
    gone: 'Dieser Entwurf ist nicht mehr auf diesem Gerät.',
    closed: 'Diese Nachricht wurde geschlossen. Ihr Entwurf bleibt erhalten.',
    sent: 'Diese Nachricht ist unterwegs.',
    leavesOn: (date) => `Diese Nachricht wird am ${date} gesendet.`,
    keepOpen: 'Diese Nachricht ist unterwegs. Lassen Sie dieses Fenster offen, bis sie gesendet ist.',
    waits: 'Diese Nachricht wird gesendet, sobald der Mailserver erreichbar ist.',
    waitsForSignIn: 'Diese Nachricht wird erst gesendet, wenn Sie sich wieder anmelden.',
    toMail: 'Zum Postfach'
  }
}
