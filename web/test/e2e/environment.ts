import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const repository = at('../../../');
export const frontend = at('../../dist');
export const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const heddle = process.env.HEDDLE ?? `${repository}build/heddle`;

/** Why the scenarios cannot run here, or '' where they can. */
export function missing(): string {
  if (!existsSync(chromium)) return `no Chromium at ${chromium} (set CHROMIUM)`;
  if (!existsSync(heddle)) return `no program at ${heddle} (set HEDDLE)`;
  if (!existsSync(`${frontend}/index.html`)) return 'web/dist is not built (npm run build)';
  return '';
}
