/** Words of devices, access tokens and sign-ins, in the settings. */
export const security = {
  cancel: 'Cancel',
  tryAgain: 'Try again',
  copy: 'Copy',
  copied: 'Copied',
  notCopied: 'This page cannot copy it. Select the text, and copy it yourself.',
  done: 'Done',
  shownOnce: 'It is shown only this once. Anyone who has it can get in, so keep it where nobody else can read it.',
  name: 'Name',
  until: {
    label: 'Works until',
    days: (days: number) => `${days} days from now`,
    year: 'A year from now',
    revoked: 'You revoke it'
  },
  made: (date: string) => `Made ${date}`,
  expires: (date: string) => `works until ${date}`,
  neverExpires: 'works until you revoke it',
  wrong: {
    missing: 'Give it a name, to know it again later.',
    too_long: (most: number) => `The name may have ${most} characters at most.`,
    no_scope: 'Choose at least one thing that it may do.'
  },
  offline: 'You are offline. This is what was known last; it can be changed when you are back.',
  notSaid: 'It may have been made all the same. If it is in the list, revoke it: its secret is lost.',
  trouble: {
    no_response: 'There was no answer. Check your connection, then try again.',
    no_session: 'You were signed out. Sign in again to continue.',
    session_aal2_required: 'Please confirm with your second factor.',
    too_many: 'There are as many as are allowed. Revoke one first.',
    wrong_name: 'This name cannot be used. Choose another one.',
    mail_server: 'The mail server does not answer at the moment. Try again in a minute.',
    misconfigured: 'An operator has to mend something. Nothing was changed.',
    mailbox: 'Your mailbox is not ready yet. This works once it is.',
    away: 'This is unavailable for a moment. Try again in a minute.',
    unknown: 'This did not work. Nothing was changed.'
  },
  confirm: {
    title: 'Please confirm that it is you',
    text: 'You signed in a while ago. Sign in once more, and it goes on where you are.'
  },
  devices: {
    intro: 'A mail program signs in with a password of its own. You can revoke it without changing any other.',
    empty: 'No mail program is connected.',
    connect: 'Connect a device',
    nameHint: '(such as “My phone”)',
    limit: (limit: number) =>
      `The mail server allows a mailbox ${limit} of these passwords, unless its operator chose another number.`,
    list: 'Devices',
    revoke: 'Revoke',
    revokeName: (name: string) => `Revoke ${name}`,
    question: (name: string) => `Revoke the password of "${name}"?`,
    consequence:
      'The program cannot sign in any longer. A connection that is open at this moment may still send mail until it is closed. To connect the device again, make another password.',
    revoked: (name: string) => `${name} is disconnected`,
    ready: (name: string) => `Password for ${name}`,
    password: 'Password',
    type: 'Type this into the mail program',
    settings: 'Settings for a mail program',
    settingsHint: 'Most programs find them by themselves from your address.',
    userName: 'User name',
    incoming: 'Incoming mail (IMAP)',
    outgoing: 'Outgoing mail (SMTP)',
    server: (host: string, port: number) => `${host}, port ${port}, SSL/TLS`,
    scan: 'Thunderbird on a phone',
    scanText:
      'Add an account there, choose to import it from Thunderbird, and scan this picture. It contains the password.',
    picture: 'Picture to scan with Thunderbird on a phone',
    showPicture: 'Show the picture',
    apple: 'iPhone, iPad and Mac',
    appleText: 'Open the profile on that device, and type the password when it asks for it.',
    appleGet: 'Download the profile'
  },
  tokens: {
    intro: 'A token lets a program reach your mail without your password: within limits, and for a time.',
    empty: 'There are no access tokens.',
    make: 'Make an access token',
    nameHint: '(what it is for)',
    may: 'It may',
    scopes: {
      read: 'read your mail',
      write: 'change and delete mail, and set filters',
      send: 'send mail in your name'
    },
    scopeNote: 'To send, it must also read. A token that sets filters can redirect mail that comes later.',
    limit: (limit: number) => `You can have ${limit} at a time.`,
    list: 'Access tokens',
    used: (date: string) => `last used ${date}`,
    neverUsed: 'never used',
    revoke: 'Revoke',
    revokeName: (name: string) => `Revoke ${name}`,
    question: (name: string) => `Revoke the token "${name}"?`,
    consequence: 'The program that uses it is refused from now on. This cannot be taken back.',
    revoked: (name: string) => `${name} is revoked`,
    ready: (name: string) => `Token for ${name}`,
    token: 'Token'
  },
  signIns: {
    title: 'Where you are signed in',
    intro: 'If you do not know one of these, end it and change your password.',
    alone: 'You are signed in nowhere else.',
    here: 'this one',
    program: (browser: string, system: string) => `${browser} on ${system}`,
    unknown: 'A program that does not say what it is',
    since: (date: string) => `signed in ${date}`,
    from: (address: string) => `from ${address}`,
    end: 'End',
    endName: (name: string) => `End the sign-in of ${name}`,
    endOthers: 'End all others',
    question: (count: number) => (count === 1 ? 'End the other sign-in?' : `End the ${count} other sign-ins?`),
    consequence: 'Whoever uses them is signed out at once. You stay signed in here.',
    endCount: (count: number) => (count === 1 ? 'End it' : `End all ${count}`),
    ended: 'The sign-in has ended',
    endedOthers: 'All other sign-ins have ended'
  }
}
