import { inflateRawSync } from 'node:zlib'
import { ExtractError } from './extract-error.ts'
import type { ExtractLimits } from './extract-limits.ts'

type Entry = { method: number; encrypted: boolean; packed: number; unpacked: number; offset: number }

/**
 * Refuses a zip before a library unpacks it: too many entries, more bytes than allowed by its own declaration, entries
 * that lie about their size, encrypted entries. Throws `too_large`, `encrypted`, `unreadable`.
 */
export const checkZip = (bytes: Uint8Array, limits: ExtractLimits): void => {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries = readEntries(zip, limits.maxZipEntries)
  if (entries.some(({ encrypted }) => encrypted))
    throw new ExtractError('encrypted', 'The document is protected by a password.')
  const total = entries.reduce((sum, { unpacked }) => sum + unpacked, 0)
  if (total > limits.maxUnpackedBytes)
    throw new ExtractError('too_large', `The document unpacks to more than ${megabytes(limits.maxUnpackedBytes)}.`)
  for (const entry of entries) checkSize(zip, entry)
}

const readEntries = (zip: Buffer, most: number): Entry[] => {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (end < 0 || end + 22 > zip.length) throw broken()
  const count = zip.readUInt16LE(end + 10)
  let at = zip.readUInt32LE(end + 16)
  // 0xffff and 0xffffffff announce a zip64 directory, for archives larger than any document.
  if (count > most || count === 0xffff || at === 0xffffffff)
    throw new ExtractError('too_large', `The document holds more than ${most} parts.`)
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== 0x02014b50) throw broken()
    entries.push({
      encrypted: (zip.readUInt16LE(at + 8) & 1) === 1,
      method: zip.readUInt16LE(at + 10),
      packed: zip.readUInt32LE(at + 20),
      unpacked: zip.readUInt32LE(at + 24),
      offset: zip.readUInt32LE(at + 42),
    })
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return entries
}

/** Unpacks one entry with its declared size as the ceiling. */
const checkSize = (zip: Buffer, { method, packed, unpacked, offset }: Entry): void => {
  if (method !== 8) return
  if (offset + 30 > zip.length) throw broken()
  const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28)
  try {
    inflateRawSync(zip.subarray(start, start + packed), { maxOutputLength: Math.max(1, unpacked) })
  } catch (cause) {
    throw broken(cause)
  }
}

const broken = (cause?: unknown): ExtractError =>
  new ExtractError('unreadable', 'The document is damaged: its zip container cannot be read.', cause)

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`
