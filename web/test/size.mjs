// The built editor as it travels: all files gzipped, against the budget.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 250 * 1000;
const files = readdirSync('dist', { recursive: true }).map((name) => `dist/${name}`).filter((name) => statSync(name).isFile());
const total = files.reduce((sum, name) => sum + gzipSync(readFileSync(name), { level: 9 }).length, 0);
console.log(`${(total / 1000).toFixed(1)} kB gzipped in ${files.length} files, of ${BUDGET / 1000} kB`);
if (total > BUDGET) process.exit(1);
