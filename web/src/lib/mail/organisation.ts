/** Which part of a domain name belongs to one organisation, and how the name is shown so that it cannot deceive. */
import { isDisguised } from './confusables.ts'
import { fromPunycode } from './punycode.ts'

/** Second labels below a country: example.co.uk is an organisation, co.uk is none. */
const SECOND = new Set('ac co com edu gob gov go gv ltd me mil ne net nhs nom or org plc sch'.split(' '))

/** Below these everybody may have a name (a part of the Public Suffix List); the first three stand in examples (RFC 2606). */
const SHARED = new Set(
  (
    'example.com example.net example.org azurewebsites.net blogspot.com cloudfront.net firebaseapp.com github.io ' +
    'gitlab.io herokuapp.com netlify.app onmicrosoft.com pages.dev sharepoint.com vercel.app web.app weebly.com ' +
    'wixsite.com wordpress.com workers.dev s3.amazonaws.com myshopify.com'
  ).split(' ')
)

/** Everybody may have an address at these mail providers. */
const PROVIDERS = new Set(
  (
    'aol.com fastmail.com freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.com ' +
    'hotmail.de hotmail.fr icloud.com live.com mac.com mail.com mail.ru mailbox.org me.com msn.com orange.fr outlook.com ' +
    'outlook.de posteo.de proton.me protonmail.com qq.com t-online.de tutanota.com wanadoo.fr web.de yahoo.com yahoo.de ' +
    'yandex.ru zoho.com 163.com'
  ).split(' ')
)

export function isProvider(domain: string): boolean {
  return PROVIDERS.has(domain)
}

/** `mail.shop.example.co.uk` → `example.co.uk`: sub-domains of one organisation are the same for it. */
export function organisationOf(domain: string): string {
  const labels = domain.toLowerCase().replace(/\.$/, '').split('.')
  const suffix = suffixLength(labels)
  return labels.slice(-(suffix + 1)).join('.')
}

function suffixLength(labels: readonly string[]): number {
  const [top = '', second = ''] = labels.toReversed()
  for (const length of [3, 2]) {
    if (SHARED.has(labels.slice(-length).join('.'))) return length
  }
  return labels.length > 2 && top.length === 2 && SECOND.has(second) ? 2 : 1
}

/** `papierwerk` of `papierwerk.example.org`: what people know an organisation by. */
export function nameOfOrganisation(domain: string): string {
  return organisationOf(domain).split('.')[0] ?? ''
}

/** A domain in its letters: `xn--bcher-kva.example` → `bücher.example`. */
export function inLetters(domain: string): string {
  return domain
    .split('.')
    .map((label) => (/^xn--/i.test(label) ? (fromPunycode(label.slice(4).toLowerCase()) ?? label) : label))
    .join('.')
}

/** The labels of a domain that are written so that they are taken for others. */
export function isDisguisedDomain(domain: string): boolean {
  const letters = inLetters(domain)
  const top = letters.split('.').at(-1) ?? ''
  // In a domain of its own country a name is written as people there write it.
  if (!/^[a-z0-9-]+$/.test(top)) return letters.split('.').some((label) => isMixed(label))
  return letters.split('.').some((label) => isDisguised(label))
}

function isMixed(label: string): boolean {
  return /[a-z]/.test(label) && isDisguised(label)
}

/** As it is shown: in its letters, unless they could be taken for others; then as the network has it (`xn--…`). */
export function shownDomain(domain: string): string {
  if (/^[\x00-\x7f]*$/.test(domain) && !/(^|\.)xn--/i.test(domain)) return domain
  return isDisguisedDomain(domain) ? ascii(domain) : inLetters(domain)
}

/** Browsers and Node turn a host name into the form of the network. */
function ascii(domain: string): string {
  try {
    return new URL(`http://${domain}`).hostname
  } catch {
    return domain
  }
}
