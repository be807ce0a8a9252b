// An OpenID provider for a test, on a free port of this machine: it prints its address as a
// line, and gives the client "app" access tokens as JWT for the audience "lianji". It ends
// with its standard input.
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }] },
    clients: [{ client_id: 'mz.app', client_secret: 'of a test', grant_types: ['client_credentials'], id_token_signed_response_alg: 'ES256', redirect_uris: [], response_types: [] }],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'ask', audience: 'lianji', accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'ES256' } } }),
      },
    },
  })
  server.on('request', provider.callback())
  console.log(issuer)
})
process.stdin.resume().on('end', () => process.exit(0))
