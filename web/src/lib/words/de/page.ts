import type { page as english } from '#lib/words/en/page.ts'

export const page = {
  brand: 'Postroom',
  loading: 'Wird geladen…',
  otherLanguage: 'English',
  notFound: 'Diese Seite gibt es nicht.',
  broken: 'Auf dieser Seite ist etwas schiefgegangen. Was Sie geschrieben haben, bleibt erhalten.',
  toStart: 'Zu Ihrem Postfach',
  tryAgain: 'Erneut versuchen',
  lacking: 'Ein Teil dieser Seite ließ sich nicht laden. Was Sie geschrieben haben, bleibt erhalten.',
  loadAgain: 'Seite neu laden',
  signOutFailed: 'Vielleicht sind Sie noch angemeldet. Versuchen Sie es erneut.'
} satisfies typeof english
