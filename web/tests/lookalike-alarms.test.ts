/**
 * How often a sender who is nobody else is told to look like somebody: a warning that comes often is one that nobody reads.
 * At most three of 10,000 first messages of strangers may be an alarm.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Authentication } from '#lib/mail/authentication.ts'
import { lookalikeOf } from '#lib/mail/lookalikes.ts'
import { learnt, type KnownSender } from '#lib/mail/senders.ts'
import { isGrave } from '#lib/mail/warnings.ts'
import { expect, test } from 'vitest'

const MOST_OF_10_000 = 3

/** Shops, banks, authorities, newspapers, services, clubs: who writes to people in Germany, Britain and elsewhere. */
const DOMAINS = `
amazon.de amazon.co.uk ebay.de ebay.com otto.de zalando.de zalando.co.uk aboutyou.de thalia.de hugendubel.de ikea.com
saturn.de mediamarkt.de conrad.de reichelt.de notebooksbilliger.de cyberport.de alternate.de mindfactory.de bauhaus.info obi.de
hornbach.de toom.de hagebau.de lidl.de aldi-sued.de aldi-nord.de rewe.de edeka.de kaufland.de netto-online.de penny.de dm.de
rossmann.de mueller.de douglas.de flaconi.de fielmann.de mister-spex.de hm.com zara.com uniqlo.com mango.com esprit.de
bonprix.de tchibo.de nespresso.com dallmayr.de hellofresh.de lieferando.de wolt.com uber.com bolt.eu freenow.com
bahn.de flixbus.de eurowings.com lufthansa.com ryanair.com easyjet.com klm.com airfrance.fr swiss.com britishairways.com
booking.com airbnb.com expedia.de trivago.de hrs.de hotels.com hostelworld.com tui.com check24.de idealo.de billiger.de
dhl.de dpd.de dpd.co.uk gls-group.eu hermesworld.com ups.com fedex.com royalmail.com evri.com postnl.nl post.at post.ch laposte.fr
paypal.com klarna.com stripe.com wise.com revolut.com n26.com monzo.com starlingbank.com ing.de dkb.de comdirect.de
commerzbank.de deutsche-bank.de sparkasse.de berliner-sparkasse.de sparkasse-koelnbonn.de volksbank.de postbank.de
targobank.de santander.de santander.co.uk barclays.co.uk barclays.de hsbc.co.uk lloydsbank.co.uk natwest.com nationwide.co.uk
halifax.co.uk gls.de umweltbank.de triodos.de consorsbank.de traderepublic.com scalable.capital visa.com mastercard.com
americanexpress.com allianz.de axa.de axa.co.uk huk.de huk24.de devk.de ergo.de generali.de signal-iduna.de debeka.de
barmenia.de tk.de aok.de barmer.de dak.de ikk-classic.de vodafone.de vodafone.co.uk telekom.de o2online.de o2.co.uk 1und1.de
congstar.de winsim.de freenet-mobilfunk.de ee.co.uk three.co.uk bt.com virginmedia.com sky.de sky.com netcologne.de m-net.de
vattenfall.de eon.de enbw.com rheinenergie.com lichtblick.de naturstrom.de octopus.energy britishgas.co.uk edfenergy.com
stadtwerke-bonn.de stadtwerke-muenster.de stadtwerke-kiel.de stadtwerke-karlsruhe.de swm.de bvg.de mvv-muenchen.de hvv.de vrr.de
github.com gitlab.com bitbucket.org atlassian.com slack.com notion.so figma.com miro.com trello.com asana.com linear.app
dropbox.com box.com google.com microsoft.com apple.com adobe.com zoom.us webex.com teamviewer.com docusign.net hellosign.com
linkedin.com xing.com facebookmail.com instagram.com twitter.com reddit.com pinterest.com tumblr.com mastodon.social discord.com
spotify.com netflix.com disneyplus.com dazn.com twitch.tv youtube.com steampowered.com epicgames.com nintendo.com playstation.com
zeit.de spiegel.de faz.net sueddeutsche.de taz.de welt.de bild.de heise.de golem.de t3n.de tagesspiegel.de handelsblatt.com
theguardian.com bbc.co.uk nytimes.com economist.com ft.com telegraph.co.uk independent.co.uk lemonde.fr nzz.ch derstandard.at
substack.com medium.com mailchimp.com eventbrite.com meetup.com doodle.com surveymonkey.com typeform.com calendly.com
jimdo.com strato.de hetzner.com ionos.de netcup.de united-domains.de ovh.com cloudflare.com digitalocean.com scaleway.com
uni-bonn.de uni-koeln.de uni-kiel.de uni-ulm.de uni-jena.de tu-berlin.de fu-berlin.de hu-berlin.de kit.edu ox.ac.uk cam.ac.uk ucl.ac.uk
elster.de bund.de arbeitsagentur.de berlin.de hamburg.de muenchen.de gov.uk hmrc.gov.uk service.gov.uk nhs.net nhs.uk europa.eu
drk.de malteser.de johanniter.de caritas.de diakonie.de nabu.de bund.net greenpeace.de wwf.de amnesty.de unicef.de unicef.org.uk
adac.de alpenverein.de dlrg.de vhs-koeln.de vhs-bonn.de dfb.de dosb.de parkrun.com strava.com komoot.de outdooractive.com
immobilienscout24.de immowelt.de kleinanzeigen.de autoscout24.de mobile.de stepstone.de indeed.com monster.de jobware.de
doctolib.de jameda.de apotal.de shop-apotheke.com docmorris.de medpex.de etsy.com vinted.de momox.de rebuy.de backmarket.de
`
  .trim()
  .split(/\s+/)

const FIRST =
  'Anna Jonas Mara Ben Lena Tim Sofia Paul Emma Felix Mia Leon Ruth David Aylin Deniz Priya Tomasz Noor Greet'.split(
    ' '
  )
const LAST =
  'Berg Weber Klein Wolf Kaya Braun Lang Koch Richter Vogel Smith Jones Patel Novak Rossi Larsen Osei Haddad Hahn Frank'.split(
    ' '
  )
const WRITES = ['no-reply', 'info', 'service', 'bestellung']

const known = (address: string, name: string): KnownSender => ({ address, name, wrote: true, day: 20_000 })

/** The alarms about these, none of whom imitates anybody. */
function alarms(
  strangers: readonly (readonly [string, string])[],
  friends: readonly KnownSender[],
  authentication: Authentication = 'unknown'
): string[] {
  return strangers.flatMap(([address, name]) => {
    const from = [{ name, address, own: false }]
    const found = lookalikeOf({ from, replyTo: [], own: false, authentication, isBulk: false }, friends)
    return found && isGrave(found) ? [`${found.kind} ${address} ${JSON.stringify(found)}`] : []
  })
}

test('companies are not taken for each other, whichever half of them the person knows', () => {
  const friends = (odd: number): KnownSender[] =>
    DOMAINS.filter((_, at) => at % 2 === odd).map((domain) => known(`service@${domain}`, domain))
  const strangers = (odd: number): (readonly [string, string])[] =>
    DOMAINS.filter((_, at) => at % 2 !== odd).flatMap((domain) =>
      WRITES.map((local) => [`${local}@${domain}`, domain] as const)
    )
  const found = [0, 1].flatMap((odd) => alarms(strangers(odd), friends(odd)))
  const judged = DOMAINS.length * WRITES.length
  expect(judged).toBeGreaterThan(1_300)
  expect((found.length / judged) * 10_000, found.join('\n')).toBeLessThanOrEqual(MOST_OF_10_000)
})

test('people who share a first or a last name with a friend are not taken for them', () => {
  const friends = FIRST.map((first, at) =>
    known(`${first}.${LAST[at] ?? ''}@gmail.com`.toLowerCase(), `${first} ${LAST[at] ?? ''}`)
  )
  const strangers = FIRST.flatMap((first, at) =>
    LAST.filter((_, other) => other !== at).flatMap((last) =>
      ['gmx.de', 'web.de', 'outlook.com', `${last.toLowerCase()}-partner.de`].map(
        (domain) => [`${first[0] ?? ''}.${last}@${domain}`.toLowerCase(), `${first} ${last}`] as const
      )
    )
  )
  expect(alarms(strangers, friends)).toEqual([])
  // A second address of a friend, which bears their name, is worth a word, and no alarm.
  expect(
    alarms(
      friends.map(({ name, address }) => [address.replace('gmail.com', 'gmx.de'), name] as const),
      friends
    )
  ).toEqual([])
})

/** name and address of who writes, as the sample mail of `postroom sandbox fill` has them */
function cast(): { file: string; address: string }[] {
  const folder = join(import.meta.dirname, '../../sandbox/postroom_sandbox/sample_mail/words')
  return readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/[\w.-]+@[\w.-]+\.[a-z]+/g)].map(([address]) => ({
      file,
      address
    }))
  )
}

test('of the sample mail, those are alarms that are meant to be, and no others', () => {
  const isBad = ({ file }: { file: string }): boolean => file === 'spam.toml' || file === 'warnings.toml'
  const good = [
    ...new Set(
      cast()
        .filter((one) => !isBad(one))
        .map(({ address }) => address)
    )
  ]
  expect(good.length).toBeGreaterThan(40)
  const found = good.flatMap((address) =>
    alarms(
      [[address, '']],
      good.filter((other) => other !== address).map((other) => known(other, ''))
    )
  )
  expect(found).toEqual([])
  expect(alarms([['mara@papierwerck.de', 'Mara']], [known('mara@papierwerk.de', 'Mara')])).toHaveLength(1)
})

/** Messages of an organisation under the names that it gives itself, from its own addresses and those of its other countries. */
function named(domain: string): (readonly [string, string])[] {
  const label = domain.split('.')[0] ?? ''
  const name = label.split('-').map((part) => (part[0] ?? '').toUpperCase() + part.slice(1))
  const names = [name.join(' '), domain, `${name.join('-')} Newsletter`, `Ihr ${name.join(' ')} Team`]
  const froms = [`info@${domain}`, `news@mail.${domain}`, `noreply@${label}.com`, `service@${label}.co.uk`]
  const other = [`news@${label}-news.com`, 'notifications@github.com', 'users@lists.example.org']
  const via = [
    ...names.map((one) => [other[0] ?? '', one]),
    [other[1] ?? '', `Anna by ${name.join(' ')}`],
    [other[2] ?? '', `${name.join(' ')} via Users`]
  ]
  return [
    ...names.flatMap((one) => froms.map((from) => [from, one] as const)),
    ...via.map(([from = '', one = '']) => [from, one] as const)
  ]
}

test('of the ordinary mail of organisations whose confirmed mail came before at most one of 500 is an alarm', () => {
  const mail = DOMAINS.flatMap((domain) => named(domain).slice(0, 16))
  const before = mail.map(([address, name]) => ({ people: [{ name, address }], wrote: false, day: 1, confirmed: true }))
  const friends = learnt(before, () => false)
  expect(friends.length).toBeGreaterThan(DOMAINS.length)
  // Each sees it as if only its own organisation, and no other address of it, had written before.
  const judged = DOMAINS.flatMap(named)
  const found = alarms(
    judged,
    friends.filter(({ address }) => address.startsWith('info@')),
    'passed'
  )
  expect(judged.length).toBeGreaterThan(7_000)
  expect((found.length / judged.length) * 500, found.join('\n')).toBeLessThanOrEqual(1)
})

test('of the sample mail no sender is an alarm though all others were confirmed before', () => {
  const folder = join(import.meta.dirname, '../../sandbox/postroom_sandbox/sample_mail/words')
  const files = readdirSync(folder).filter((file) => file !== 'spam.toml' && file !== 'warnings.toml')
  const mail = files.flatMap((file) => [
    ...readFileSync(join(folder, file), 'utf8').matchAll(/"([^"<\n]+) <([\w.-]+@[\w.-]+)>"|name = "(.+)"\nemail = "(.+)"/g)
  ]) // prettier-ignore
  const senders = mail.map(([, one, two, name, email]) => [two ?? email ?? '', one ?? name ?? ''] as const)
  const friends = learnt(
    senders.map(([address, name]) => ({ people: [{ name, address }], wrote: false, day: 1, confirmed: true })),
    () => false
  )
  expect([senders.length > 40, friends.length > 10]).toEqual([true, true])
  // As if each wrote from an address that is not known.
  const strangers = senders.map(([address, name]) => [`another-${address}`, name] as const)
  expect(alarms(strangers, friends, 'passed')).toEqual([])
})
