/** How full the mailbox is. */
export const quota = {
  used: (used: string, limit: string) => `${used} of ${limit}`,
  almostFull: 'Almost full',
  full: 'Your mailbox is full. New mail may not arrive until you delete something.',
  find: 'Find large messages'
}
