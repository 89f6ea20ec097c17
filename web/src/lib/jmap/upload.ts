/** Where files are uploaded to (RFC 8620 §6.1), and how large they may be. */
import { capabilityOf, CORE, MAIL, type JmapClient } from './client.ts'

/** On our own origin, like all that the gateway serves: to another one the browser would send no cookie. */
export function uploadUrl(client: JmapClient, origin: string): string {
  const template = client.session.uploadUrl ?? '/jmap/upload/{accountId}/'
  const path = template.replace('{accountId}', encodeURIComponent(client.accountId))
  const { pathname, search } = new URL(path, new URL('/jmap/session', origin))
  return new URL(pathname + search, origin).href
}

/** Octets of one file. */
export function maxSizeUpload(client: JmapClient): number {
  return numberIn(client.session.capabilities[CORE], 'maxSizeUpload')
}

/** Octets of all files of a message (RFC 8621 §1.3.1). */
export function maxSizeAttachments(client: JmapClient): number {
  return numberIn(capabilityOf(client, MAIL), 'maxSizeAttachmentsPerEmail')
}

function numberIn(capability: unknown, name: string): number {
  const value =
    typeof capability === 'object' && capability !== null ? (capability as Record<string, unknown>)[name] : null
  return typeof value === 'number' ? value : Infinity
}
