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
    cc: 'Kopie',
    replyTo: 'Antwort an',
    date: 'Datum',
    list: 'Liste',
    signedBy: 'Signiert von',
    size: 'Größe'
  },
  notFiltered: 'Der Filter wird nicht geladen. Prüfen Sie Ihre Verbindung.',
  notPrinted: 'Nicht gedruckt: Die Nachricht ließ sich nicht laden.'
} satisfies Widen<typeof english>
