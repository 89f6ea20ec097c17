/** Words that every page may need. */
export const page = {
  brand: 'Postroom',
  loading: 'Loading…',
  otherLanguage: 'Deutsch',
  notFound: 'There is no such page.',
  broken: 'Something went wrong on this page. What you wrote is kept.',
  toStart: 'Go to your mailbox',
  tryAgain: 'Try again',
  lacking: 'A part of this page did not load. What you wrote is kept.',
  loadAgain: 'Load the page again',
  signOutFailed: 'You may still be signed in. Try again.'
}
