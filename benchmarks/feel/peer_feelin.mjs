// Evaluates expressions with feelin: reads {cases, data, seconds} as JSON from standard input, writes
// {name: {value, perSecond}}. feelin has no separate compile step: every evaluation parses.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.argv[2], 'package.json'));
const { evaluate } = await import(pathToFileURL(require.resolve('feelin')).href);

const { cases, data, seconds } = JSON.parse(readFileSync(0, 'utf8'));
const answer = {};
for (const [name, expression] of Object.entries(cases)) {
  const once = () => evaluate(expression, data).value;
  const value = once();
  for (const warmUp = performance.now() + 200; performance.now() < warmUp; ) once();
  let count = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  while (performance.now() < end) {
    for (let i = 0; i < 20; i++) once();
    count += 20;
  }
  answer[name] = { value, perSecond: count / ((performance.now() - start) / 1000) };
}
process.stdout.write(JSON.stringify(answer));
