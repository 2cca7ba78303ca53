import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A key pair in PEM, as a TLS server takes it. */
export type Certificate = { key: string; cert: string }

export type Certificates = {
  /** In PEM; signed `good`, `wrongName` and `expired`. */
  authority: string
  /** For `hooks.test`, every name below it, and 127.0.0.1. */
  good: Certificate
  wrongName: Certificate
  expired: Certificate
  /** For the right names, and signed by nobody but itself. */
  selfSigned: Certificate
}

const names = 'subjectAltName=DNS:hooks.test,DNS:*.hooks.test,IP:127.0.0.1'

/** Certificates made for this test; null where the machine has no openssl. */
export const makeCertificates = (): Certificates | null => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-tls-'))
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'ignore' })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const signed = (extension: string, days: number): Certificate => {
    writeFileSync(join(folder, 'names'), `${extension}\n`)
    openssl(`x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days ${days} -extfile names -out cert.pem`)
    return { key: read('key.pem'), cert: read('cert.pem') }
  }
  try {
    openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem')
    openssl('req -newkey rsa:2048 -nodes -subj /CN=hooks.test -keyout key.pem -out csr.pem')
    openssl(`req -x509 -key key.pem -days 2 -subj /CN=hooks.test -addext ${names} -out self.pem`)
    return {
      authority: read('ca.pem'),
      good: signed(names, 2),
      wrongName: signed('subjectAltName=DNS:other.test', 2),
      expired: signed(names, -1),
      selfSigned: { key: read('key.pem'), cert: read('self.pem') },
    }
  } catch {
    return null
  } finally {
    rmSync(folder, { recursive: true })
  }
}
