/** Whether new mail arrives by itself, and how the person is told of it. */
export const live = {
  since: (time: string) => `Live since ${time}`,
  last: (time: string) => `Last live at ${time}`,
  polled: 'The mail server does not report new mail, so it is looked for once a minute.',
  waiting: (n: number) => `${n.toLocaleString('en')} ${n === 1 ? 'change waits' : 'changes wait'} for the connection`,
  unsent: (n: number) => `${n.toLocaleString('en')} ${n === 1 ? 'message waits' : 'messages wait'} to be sent`,
  notify: 'Notify me of new mail',
  content: 'Show sender and subject',
  hint: 'While no tab of Postroom is visible. Others may read it on a locked screen.',
  mailLinks: 'Open e-mail links here',
  mailLinksHint: 'Links to addresses on any site then open a new message in Postroom. Your browser asks once more.',
  denied: 'Your browser blocks notifications from this site. Allow them in the settings that it keeps for this site.',
  unsupported: 'This browser cannot show notifications from this page.'
}
