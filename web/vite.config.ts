import { defineConfig } from 'vitest/config';

// One page with relative addresses, so that it works behind a proxy's path prefix and under the server's strict
// Content-Security-Policy: no inline script, no source map, every asset a file with a hash in its name.
export default defineConfig({
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
