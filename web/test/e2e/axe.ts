import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Before the page is opened or reloaded. */
export const addAxe = (page: Page): Promise<void> => page.addInitScript(source) as unknown as Promise<void>;

export async function violations(page: Page): Promise<string[]> {
  await page.waitForTimeout(250);
  const found = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const { axe } = window as never as { axe: { run(options: object): Promise<{ violations: unknown[] }> } };
    return (await axe.run({ runOnly: { type: 'tag', values: tags } })).violations;
  }) as Violation[];
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`).join(' | ')}`);
}
