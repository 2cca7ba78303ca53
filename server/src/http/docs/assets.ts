import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { AppError } from '../../base/errors.ts'

// This module is imported by the first request that needs it: no start pays for reading and compressing 3.5 MB.

type Asset = { path: string; content: Buffer; gzipped: Buffer }

const files = {
  quickstart: new URL('./browser/quickstart.js', import.meta.url),
  'api-reference': new URL('./browser/api-reference.js', import.meta.url),
  scalar: new URL('./js/standalone.js', import.meta.resolve('@scalar/fastify-api-reference')),
}

type AssetName = keyof typeof files

const compress = promisify(gzip)

const readAsset = async (name: string, file: URL): Promise<[string, Asset]> => {
  const content = await readFile(file)
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16)
  return [name, { path: `/docs/assets/${name}-${hash}.js`, content, gzipped: await compress(content) }]
}

const assets: ReadonlyMap<string, Asset> = new Map(
  await Promise.all(Object.entries(files).map(([name, file]) => readAsset(name, file))),
)

/** Where a script is served. The path names its content, so it may be kept for ever. */
export const assetPath = (name: AssetName): string => assets.get(name)!.path

/** The script that is served under this file name. Throws NOT_FOUND. */
export const assetOf = (fileName: string): Asset => {
  const found = [...assets.values()].find(({ path }) => path.endsWith(`/${fileName}`))
  if (!found) throw new AppError('NOT_FOUND', 'There is no such script here. Load the page anew.')
  return found
}
