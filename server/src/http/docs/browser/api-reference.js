// Nothing of this may leave the origin; the page's Content-Security-Policy holds even where a setting is forgotten.
globalThis.Scalar.createApiReference('#reference', {
  url: '/v1/openapi.json',
  proxyUrl: '',
  withDefaultFonts: false,
  telemetry: false,
  persistAuth: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  theme: 'default',
  layout: 'modern',
  hideModels: true,
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  authentication: { preferredSecurityScheme: 'bearer' },
  customCss: ':root{--scalar-custom-header-height:3.25rem}',
})
