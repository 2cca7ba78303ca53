import { hash } from 'node:crypto'

/** SHA-256, lower-case hexadecimal, of the UTF-8 bytes of a normalised text: equal hashes need no new ingest. */
export const contentHash = (text: string): string => hash('sha256', text, 'hex')
