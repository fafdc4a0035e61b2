import { defineConfig } from '@playwright/test';
import { chromium } from './test/e2e/environment';

// The editor in a real Chromium, served by the real program ($HEDDLE, else build/heddle of this checkout).
export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '*.spec.ts',
  workers: 1,
  retries: 2, // a machine that is busy may miss a deadline; what fails three times fails
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1400, height: 900 },
    launchOptions: {
      executablePath: chromium,
      // As root (in containers) Chromium's sandbox cannot start.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
    actionTimeout: 15_000,
    permissions: ['clipboard-read', 'clipboard-write'],
  },
});
