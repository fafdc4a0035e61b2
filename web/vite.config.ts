import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// One page with relative addresses, so that it works behind a proxy's path prefix and under the server's strict
// Content-Security-Policy: no inline script, no source map, every asset a file with a hash in its name.
const POLICY = [
  "default-src 'self'", "script-src 'self'", "style-src 'self'", "style-src-attr 'unsafe-inline'", "img-src 'self' blob: data:",
  "media-src 'self' blob:", "connect-src 'self'", "worker-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'none'",
].join('; ');

/** The built page carries its policy itself; a server may send a stricter one. */
const policy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [{ tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' }],
};

export default defineConfig({
  plugins: [policy],
  base: './',
  esbuild: { jsx: 'automatic' },
  build: {
    outDir: 'dist',
    target: 'es2022',
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  worker: { format: 'es' },
  // `npm run dev` with a server beside it: HEDDLE_URL=http://127.0.0.1:8188 npm run dev
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/v1', '/ws', '/view', '/upload', '/object_info', '/healthz', '/features', '/embeddings', '/history'].map((path) => [
        path,
        { target: process.env.HEDDLE_URL ?? 'http://127.0.0.1:8188', ws: path === '/ws', changeOrigin: true },
      ]),
    ),
  },
  test: { include: ['test/unit/**/*.test.ts'], environment: 'node' },
});
