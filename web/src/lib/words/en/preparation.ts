/** The mailbox that is being made. */
const spell = (n: number) =>
  ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'][n] ?? String(n)
const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
const duration = (seconds: number) =>
  seconds < 90
    ? `${seconds} s`
    : seconds < 5_400
      ? count(Math.round(seconds / 60), 'minute', 'minutes')
      : count(Math.round(seconds / 3600), 'hour', 'hours')

export const preparation = {
  title: 'Your mailbox is being prepared',
  titleReady: 'Your mailbox is ready',
  titleFailed: 'Your mailbox needs a person',
  titleTaken: 'Choose another address',
  tabReady: '✓ Your mailbox is ready',
  account: 'Your account is made',
  opens: 'Your inbox opens',
  now: 'now',
  of: (n: number) => `of ${n}`,
  since: (time: string) => `since ${time}`,
  within: (minutes: number) => `within ${minutes} min`,
  step: {
    running: 'Your mailbox is being made',
    attempt: (n: number, seconds: number) => `Attempt ${n} in ${duration(seconds)}`,
    throttled: (seconds: number) => `It continues in ${duration(seconds)}`,
    away: 'Waiting for the mail server',
    operator: 'Waiting for an operator',
    unheard: 'Found by the next check',
    ready: 'Your mailbox is made',
    taken: 'The address is taken',
    refused: 'The address cannot get a mailbox',
    failed: (attempts: number) =>
      attempts > 1
        ? `${spell(attempts).replace(/^./, (letter) => letter.toUpperCase())} attempts failed`
        : 'It could not be made',
    missing: 'Your mailbox cannot be found'
  },
  text: {
    running: 'This takes a moment. The inbox opens by itself.',
    attempt:
      'The first attempt did not work, which happens. Your registration is stored; you need not do anything and may close this page.',
    late: 'It takes longer than usual. Your registration is stored; you need not do anything and may close this page.',
    throttled: 'The mail server asked for a pause.',
    away: 'The mail server is unavailable. Nothing of yours is lost: your mailbox is made once the server is back. Until then, mail to this address returns to its sender.',
    operator: 'An operator has to fix something first. Your registration is stored; nothing of yours is lost.',
    unheard: 'We have not heard of your registration yet.',
    unheardFound: (minutes: number) =>
      `We have not heard of your registration yet. All accounts are checked every ${count(minutes, 'minute', 'minutes')}, so it is found by itself. You may close this page.`,
    ready: (attempts: number, seconds: number) =>
      attempts > 1 ? `It took ${spell(attempts)} attempts and ${duration(seconds)}.` : 'It took one attempt.',
    taken: 'This address belongs to somebody else. Choose another one.',
    refused: (why: string, domains: readonly string[]) =>
      `This address cannot get a mailbox: ${why}. Choose ${domains.length > 0 ? `one at ${domains.join(' or ')}` : 'another one'}.`,
    chosen: (minutes: number) =>
      `If you already have, the next check finds it, within ${count(minutes, 'minute', 'minutes')}.`,
    failed:
      'It is now in the operators’ list, with its reason. Your account is safe, and this page continues by itself once they have fixed it.',
    missing: 'It was made, and the mail server does not have it any more. The operators are told. Your account is safe.'
  },
  why: {
    reserved_name: 'the name is reserved',
    unsafe_local_part: 'the part before the @ has characters that mail does not allow',
    malformed_address: 'it is not a mail address',
    domain_not_served: 'mail for its domain is not handled here',
    no_address: 'your account names no address',
    unknown: 'it does not follow the rules of this server'
  },
  outcome: {
    success: 'made',
    failed: 'did not work',
    throttled: 'the mail server asked for a pause',
    misconfigured: 'an operator has to fix something',
    conflict: 'the address was taken',
    crashed: 'broke off',
    interrupted: 'interrupted'
  },
  attemptOf: (n: number, of: number) => `Attempt ${n} of ${of}.`,
  attemptOutcome: (attempt: number, outcome: string) => `Attempt ${attempt}: ${outcome}`,
  history: 'What happened so far',
  nothingYet: 'No attempt has ended yet.',
  open: 'Open the inbox',
  choose: 'Choose an address',
  signOut: 'Sign out',
  copy: (number: string) => `Copy number ${number}`,
  copied: 'Copied',
  notCopied: (number: string) => `This page cannot copy it. Note the number: ${number}`,
  lost: 'We cannot check right now. The work continues without this page.',
  offline: 'You are offline. It continues without you.'
}
