/** Uploads one file, and tells how far it is. By XMLHttpRequest: fetch tells nothing of what was sent. */
import { failureOf, noResponse } from '#lib/jmap/errors.ts'

export interface UploadOptions {
  readonly url: string
  readonly content: Blob
  readonly type: string
  /** from 0 to 1 */
  readonly progress: (done: number) => void
  readonly signal: AbortSignal
}

/** Resolves to what the server said. Raises JmapFailure. */
export type Upload = (options: UploadOptions) => Promise<Response>

/** Milliseconds in which nothing is sent and nothing comes. */
const SILENCE = 90_000

export const byXmlHttpRequest: Upload = ({ url, content, type, progress, signal }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    let timer: ReturnType<typeof setTimeout>
    const alive = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => request.abort(), SILENCE)
    }
    const abort = (): void => request.abort()
    request.upload.onprogress = ({ loaded, total }) => {
      alive()
      progress(total > 0 ? loaded / total : 0)
    }
    request.onload = () => {
      const headers = new Headers()
      for (const name of ['Retry-After', 'X-Request-Id', 'Content-Type']) {
        const value = request.getResponseHeader(name)
        if (value !== null) headers.set(name, value)
      }
      resolve(new Response(request.responseText, { status: request.status, headers }))
    }
    request.onerror = request.onabort = () => reject(noResponse())
    request.onloadend = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    signal.addEventListener('abort', abort)
    request.open('POST', url)
    request.setRequestHeader('Content-Type', type || 'application/octet-stream')
    request.setRequestHeader('Accept', 'application/json')
    alive()
    request.send(content)
  })

/** The blob id. Raises JmapFailure. */
export async function blobIdIn(response: Response, octets: number, now: number): Promise<string> {
  if (!response.ok) {
    throw await failureOf(response, now)
  }
  const body: unknown = await response.json().catch(() => null)
  const { blobId, size = octets } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (typeof blobId !== 'string' || blobId === '' || size !== octets) {
    // Somebody else answered in place of the service, or only a part of the file came there.
    throw noResponse()
  }
  return blobId
}
