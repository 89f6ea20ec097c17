/** What makes the page start without a network, and an app of it: after the first view, which needs neither. */
import { whoAmI } from '#lib/accounts/me.ts'
import { nameManifest } from '#lib/offline/manifest.ts'
import { PersonHere } from '#lib/offline/person.ts'
import { registerWorker } from '#lib/offline/registration.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

/** Returns how to end it. */
export function keepInterface({ mail }: MailPage, spoken: Speech): () => void {
  // Only in a secure context.
  const person = 'caches' in window ? new PersonHere(caches, () => Date.now()) : null
  if ('serviceWorker' in navigator) {
    void registerWorker(navigator.serviceWorker, (window as { trustedTypes?: never }).trustedTypes)
  }
  return $effect.root(() => {
    $effect(() => nameManifest(document, spoken.language))
    $effect(() => {
      if (endsSession(mail.trouble?.code)) void person?.is(null)
      else if (mail.isKnown) void confirm(person)
    })
  })
}

function endsSession(code: string | undefined): boolean {
  return code === 'no_session' || code === 'session_aal2_required'
}

/** The page names its person when it is loaded; whoever signs in without a load is asked for here. */
async function confirm(person: PersonHere | null): Promise<void> {
  if (person && (await person.id()) === null) {
    const found = await whoAmI((input, init) => window.fetch(input, init))
    if (typeof found === 'object') await person.is(found.me.identity_id)
  }
}
