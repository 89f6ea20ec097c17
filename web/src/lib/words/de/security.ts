import type { Widen } from '#lib/words/en.ts'
import type { security as english } from '#lib/words/en/security.ts'

export const security: Widen<typeof english> = {
  cancel: 'Abbrechen',
  tryAgain: 'Erneut versuchen',
  copy: 'Kopieren',
  copied: 'Kopiert',
  notCopied: 'Diese Seite kann es nicht kopieren. Markieren Sie den Text, und kopieren Sie ihn selbst.',
  done: 'Fertig',
  shownOnce:
    'Es wird nur dieses eine Mal angezeigt. Wer es hat, kommt hinein: Bewahren Sie es so auf, dass niemand sonst es liest.',
  name: 'Name',
  until: {
    label: 'Gültig bis',
    days: (days) => `heute in ${days} Tagen`,
    year: 'heute in einem Jahr',
    revoked: 'Sie es widerrufen'
  },
  made: (date) => `Angelegt ${date}`,
  expires: (date) => `gültig bis ${date}`,
  neverExpires: 'gültig, bis Sie es widerrufen',
  wrong: {
    missing: 'Geben Sie einen Namen ein, um es später wiederzuerkennen.',
    too_long: (most) => `Der Name darf höchstens ${most} Zeichen haben.`,
    no_scope: 'Wählen Sie mindestens ein Recht.'
  },
  offline: 'Sie sind offline. Das ist der letzte bekannte Stand; ändern können Sie ihn, sobald Sie wieder online sind.',
  notSaid:
    'Es kann trotzdem angelegt worden sein. Wenn es in der Liste steht, widerrufen Sie es: Das Geheimnis ist verloren.',
  trouble: {
    no_response: 'Es kam keine Antwort. Prüfen Sie Ihre Verbindung, und versuchen Sie es erneut.',
    no_session: 'Sie wurden abgemeldet. Melden Sie sich erneut an.',
    session_aal2_required: 'Bitte bestätigen Sie mit Ihrem zweiten Faktor.',
    too_many: 'Es sind schon so viele, wie erlaubt sind. Widerrufen Sie zuerst eines.',
    wrong_name: 'Dieser Name geht nicht. Wählen Sie einen anderen.',
    mail_server: 'Der Mailserver antwortet gerade nicht. Versuchen Sie es in einer Minute erneut.',
    misconfigured: 'Ein Betreiber muss etwas beheben. Nichts wurde geändert.',
    mailbox: 'Ihr Postfach ist noch nicht fertig. Danach geht es.',
    away: 'Das ist kurz nicht erreichbar. Versuchen Sie es in einer Minute erneut.',
    unknown: 'Das hat nicht geklappt. Nichts wurde geändert.'
  },
  confirm: 'Bitte bestätigen Sie, dass Sie es sind',
  devices: {
    intro:
      'Ein Mailprogramm meldet sich mit einem eigenen Passwort an. Sie können es widerrufen, ohne ein anderes zu ändern.',
    empty: 'Kein Mailprogramm ist verbunden.',
    connect: 'Gerät verbinden',
    nameHint: '(etwa „Mein Telefon“)',
    limit: (limit) =>
      `Der Mailserver erlaubt einem Postfach ${limit} solche Passwörter, wenn sein Betreiber keine andere Zahl gewählt hat.`,
    list: 'Geräte',
    revoke: 'Widerrufen',
    revokeName: (name) => `${name} widerrufen`,
    question: (name) => `Das Passwort von „${name}“ widerrufen?`,
    consequence:
      'Das Programm kann sich nicht mehr anmelden. Eine Verbindung, die gerade offen ist, kann noch Mail senden, bis sie geschlossen wird. Um das Gerät wieder zu verbinden, legen Sie ein neues Passwort an.',
    revoked: (name) => `${name} ist getrennt`,
    ready: (name) => `Passwort für ${name}`,
    password: 'Passwort',
    type: 'Das tragen Sie im Mailprogramm ein',
    settings: 'Einstellungen für ein Mailprogramm',
    settingsHint: 'Die meisten Programme finden sie anhand Ihrer Adresse selbst.',
    userName: 'Benutzername',
    incoming: 'Eingehende Mail (IMAP)',
    outgoing: 'Ausgehende Mail (SMTP)',
    server: (host, port) => `${host}, Port ${port}, SSL/TLS`,
    scan: 'Thunderbird auf einem Telefon',
    scanText:
      'Fügen Sie dort ein Konto hinzu, wählen Sie den Import aus Thunderbird, und scannen Sie dieses Bild. Es enthält das Passwort.',
    picture: 'Bild zum Scannen mit Thunderbird auf einem Telefon',
    showPicture: 'Bild anzeigen',
    apple: 'iPhone, iPad und Mac',
    appleText: 'Öffnen Sie das Profil auf diesem Gerät, und geben Sie das Passwort ein, wenn es danach fragt.',
    appleGet: 'Profil herunterladen'
  },
  tokens: {
    intro: 'Mit einem Token erreicht ein Programm Ihre Mail ohne Ihr Passwort: in Grenzen und auf Zeit.',
    empty: 'Es gibt keine Zugriffstoken.',
    make: 'Zugriffstoken anlegen',
    nameHint: '(wofür es ist)',
    may: 'Es darf',
    scopes: {
      read: 'Ihre Mail lesen',
      write: 'Mail ändern und löschen und Filter setzen',
      send: 'Mail in Ihrem Namen senden'
    },
    scopeNote: 'Zum Senden muss es auch lesen. Ein Token, das Filter setzt, kann künftige Mail umleiten.',
    limit: (limit) => `Sie können ${limit} zugleich haben.`,
    list: 'Zugriffstoken',
    used: (date) => `zuletzt verwendet ${date}`,
    neverUsed: 'nie verwendet',
    revoke: 'Widerrufen',
    revokeName: (name) => `${name} widerrufen`,
    question: (name) => `Das Token „${name}“ widerrufen?`,
    consequence: 'Das Programm, das es verwendet, wird ab sofort abgewiesen. Das lässt sich nicht rückgängig machen.',
    revoked: (name) => `${name} ist widerrufen`,
    ready: (name) => `Token für ${name}`,
    token: 'Token'
  },
  signIns: {
    title: 'Wo Sie angemeldet sind',
    intro: 'Wenn Sie etwas davon nicht kennen, beenden Sie es, und ändern Sie Ihr Passwort.',
    alone: 'Sie sind nirgends sonst angemeldet.',
    here: 'diese hier',
    program: (browser, system) => `${browser} auf ${system}`,
    unknown: 'Ein Programm, das nicht sagt, was es ist',
    since: (date) => `angemeldet ${date}`,
    from: (address) => `von ${address}`,
    end: 'Beenden',
    endName: (name) => `Anmeldung von ${name} beenden`,
    endOthers: 'Alle anderen beenden',
    question: (count) => (count === 1 ? 'Die andere Anmeldung beenden?' : `Die ${count} anderen Anmeldungen beenden?`),
    consequence: 'Wer sie verwendet, wird sofort abgemeldet. Sie bleiben hier angemeldet.',
    endCount: (count) => (count === 1 ? 'Beenden' : `Alle ${count} beenden`),
    ended: 'Die Anmeldung ist beendet',
    endedOthers: 'Alle anderen Anmeldungen sind beendet'
  }
}
